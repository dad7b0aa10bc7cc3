// A placeholder: lists the runs and their sentences.
fetch("/api/v1/runs").then((answer) => answer.json()).then(({ runs }) => {
  for (const run of runs) {
    const item = document.createElement("li");
    item.textContent = `${run.name} (${run.state}): ${run.sentence}`;
    document.getElementById("runs").append(item);
  }
});
