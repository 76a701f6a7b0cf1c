"use strict";
const charts = JSON.parse(document.getElementById("charts-data").textContent);
const quiet = { displayModeBar: false, responsive: true };

// A number needs a cell wide enough to be read in; labels and colour bar take about 200 px.
const CELL_WIDTH = 44;
const MARGINS = 200;

for (const chart of charts) {
  const columns = chart.layout.meta?.columns;
  const room = document.getElementById(chart.id).clientWidth - MARGINS;
  if (columns && room / columns < CELL_WIDTH) {
    chart.data[0].texttemplate = "";
  }
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
