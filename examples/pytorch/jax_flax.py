"""Watch a small network of JAX and Flax: its activations come by sow() and go over by DLPack."""

import argparse

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

import livecca

LAYERS = ["hidden1", "hidden2", "out"]


class Net(nn.Module):
    @nn.compact
    def __call__(self, x):
        for name, width in [("hidden1", 32), ("hidden2", 32), ("out", 4)]:
            x = nn.Dense(width)(x)
            x = nn.relu(x) if name != "out" else x
            # CCA sees no invertible linear map of the inputs, and the first layer is one until its
            # ReLU. So layers are watched behind it.
            self.sow("intermediates", name, x)
        return x


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--run-dir", default="runs/jax_flax")
    options = parser.parse_args()

    data, weights, probe_key, key = jax.random.split(jax.random.key(1), 4)
    x = jax.random.normal(data, (4000, 20))
    y = jnp.argmax(jnp.sin(2 * x) @ jax.random.normal(weights, (20, 4)), axis=1)
    probe = jax.random.normal(probe_key, (500, 20))

    net = Net()
    parameters = net.init(key, x[:1])["params"]
    optimizer = optax.adam(0.003)
    state = optimizer.init(parameters)

    @jax.jit
    def train_step(parameters, state, x, y):
        def loss_of(parameters):
            scores = net.apply({"params": parameters}, x)
            return optax.softmax_cross_entropy_with_integer_labels(scores, y).mean()

        loss, gradients = jax.value_and_grad(loss_of)(parameters)
        updates, state = optimizer.update(gradients, state)
        return optax.apply_updates(parameters, updates), state, loss

    @jax.jit
    def activations(parameters, x):
        _, kept = net.apply({"params": parameters}, x, mutable=["intermediates"])
        return {name: kept["intermediates"][name][0] for name in LAYERS}

    monitor = livecca.Monitor(options.run_dir)
    taps = {name: monitor.watch("net", name, "nc") for name in LAYERS}

    def snapshot(epoch):
        with monitor.begin("probe", epoch) as step:
            step.set_inputs(probe)
            for name, values in activations(parameters, probe).items():
                step.observe(taps[name], values)
        return monitor.snapshot(epoch)

    snapshot(0)
    for epoch in range(1, options.epochs + 1):
        key, shuffle = jax.random.split(key)
        order = jax.random.permutation(shuffle, len(x))
        for first in range(0, len(x), 100):
            batch = order[first : first + 100]
            parameters, state, loss = train_step(parameters, state, x[batch], y[batch])
            monitor.training_step(epoch)
        print(f"epoch {epoch}: loss {loss:.3f}")
        report = snapshot(epoch)
    print(f"\n{report}")
    print(monitor.finish())


if __name__ == "__main__":
    main()
