"use strict";
const charts = JSON.parse(document.getElementById("charts-data").textContent);
const quiet = { displayModeBar: false, responsive: true };

for (const chart of charts) {
  Plotly.newPlot(chart.id, chart.data, chart.layout, quiet);
}

// Plotly draws for the width it finds on the screen; paper is narrower (A4 within its margins).
const PAPER_WIDTH = 680;
addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  for (const chart of charts) {
    Plotly.relayout(chart.id, { width: PAPER_WIDTH, autosize: false });
  }
});
addEventListener("afterprint", () => {
  for (const chart of charts) {
    Plotly.relayout(chart.id, { width: null, autosize: true });
  }
});
