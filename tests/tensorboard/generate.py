"""Writes golden/events.records with TensorBoard's own classes, for test_events.cpp.

Run by hand with a Python that has tensorboard: python3 generate.py
"""

import pathlib

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer import record_writer

TIME = 1700000000.25
PNG = bytes(range(256)) + b"\x89PNG"


def value(**fields):
    return event_pb2.Event(
        wall_time=TIME, step=300, summary=summary_pb2.Summary(value=[summary_pb2.Summary.Value(**fields)])
    )


def text_metadata(plugin):
    return summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin),
        data_class=summary_pb2.DATA_CLASS_TENSOR,
    )


def strings(sizes, cells):
    shape = tensor_shape_pb2.TensorShapeProto(
        dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in sizes]
    )
    return tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_shape=shape, string_val=cells)


def histogram():
    numbers = [0.125, 0.125, 0.5, 0.75, 1.0]
    counts = [0.0] * 20
    for number in numbers:
        counts[min(int(number * 20), 19)] += 1
    return summary_pb2.HistogramProto(
        min=0.1, max=1.0, num=5, sum=2.5, sum_squares=1.84375,
        bucket_limit=[(i + 1) / 20 for i in range(2, 20)], bucket=counts[2:],
    )


def events():
    yield event_pb2.Event(wall_time=TIME, file_version="brain.Event:2")
    yield event_pb2.Event(
        wall_time=TIME, step=300, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    )
    yield event_pb2.Event(
        wall_time=TIME, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    )
    yield value(tag="log/loss", simple_value=0.1)
    yield value(tag="zero", simple_value=0.0)
    yield value(tag="large", simple_value=3.4028234663852886e38)
    yield value(tag="é", histo=histogram())
    yield value(
        tag="picture",
        image=summary_pb2.Summary.Image(height=200, width=3, colorspace=3, encoded_image_string=PNG),
    )
    yield value(
        tag="table", tensor=strings([2, 2], [b"a", b"", b"\xc3\xa9", b"x" * 200]), metadata=text_metadata("text")
    )
    yield event_pb2.Event(
        wall_time=TIME, step=-1, summary=summary_pb2.Summary(
            value=[summary_pb2.Summary.Value(tag=tag, simple_value=number) for tag, number in [("a", 1), ("b", -2)]]
        ),
    )


def main():
    path = pathlib.Path(__file__).parent / "golden" / "events.records"
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        writer = record_writer.RecordWriter(file)
        for event in events():
            writer.write(event.SerializeToString())


if __name__ == "__main__":
    main()
