"use strict";
const charts = JSON.parse(document.getElementById("charts-data").textContent);
const darkColours = JSON.parse(document.getElementById("dark-colours").textContent);
const quiet = { displayModeBar: false, responsive: true };

// Colours follow the reader's system; paper is always light.
const night = matchMedia("(prefers-color-scheme: dark)");
let onPaper = false;
// Plotly draws for the width it finds on the screen; paper is narrower (A4 within its margins).
const PAPER_WIDTH = 680;
const GROUND = [17, 23, 30];
const LEAST_CONTRAST = 3;

function luminance(channels) {
  const [r, g, b] = channels.map((c) => {
    const share = c / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function standsOut(channels) {
  return luminance(channels) + 0.05 >= LEAST_CONTRAST * (luminance(GROUND) + 0.05);
}

function recoloured(colour) {
  if (darkColours[colour]) return darkColours[colour];
  let channels = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
  while (!standsOut(channels)) {
    channels = channels.map((c) => Math.min(255, Math.round(c + 0.1 * (255 - c)) + 1));
  }
  return `rgb(${channels.join(", ")})`;
}

// Words and numbers of the report are never colours, whatever they look like.
const CONTENT = new Set(["x", "y", "z", "base", "customdata", "name", "legendgroup", "ticktext",
  "tickvals", "hovertemplate", "texttemplate"]);

function themed(value, key) {
  if (!night.matches || onPaper || CONTENT.has(key)) return value;
  if (typeof value === "string") {
    if (key === "text") {
      return value.replace(/(<span style="[^"<>]*color: )(#[0-9a-f]{6})/g,
        (_, before, colour) => before + recoloured(colour));
    }
    if (/^#[0-9a-f]{6}$/i.test(value)) return recoloured(value.toLowerCase());
    return value.replace("rgba(255, 255, 255,", `rgba(${GROUND.join(", ")},`);
  }
  if (key === "text") return value;
  if (Array.isArray(value)) return value.map((each) => themed(each));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, themed(v, k)]));
  }
  return value;
}

// A number needs a cell wide enough to be read in; labels and colour bar take about 200 px.
const CELL_WIDTH = 44;
const TICK_WIDTH = 24;
const MARGINS = 200;
// On a phone long names leave the chart no room; hovering still says them whole.
const NARROW = 460;
const SHORT_LABEL = 13;

function shortLabel(label) {
  if (label.includes("<br>")) return label;
  const letters = label.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  if (letters.length <= SHORT_LABEL) return label;
  const half = (SHORT_LABEL - 1) / 2;
  return `${letters.slice(0, half)}\u2026${letters.slice(-half)}`
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function suited(chart) {
  const width = onPaper ? PAPER_WIDTH : document.getElementById(chart.id).clientWidth;
  const columns = chart.layout.meta?.columns;
  const pitch = columns ? (width - (chart.layout.meta.margins ?? MARGINS)) / columns : Infinity;
  const data = chart.data.map((trace) => ({
    ...themed(trace),
    ...(pitch < CELL_WIDTH && trace.texttemplate ? { texttemplate: "" } : {}),
    ...(pitch < CELL_WIDTH && trace.textposition ? { textposition: "none" } : {}),
  }));
  const layout = { ...themed(chart.layout) };
  if (layout.xaxis.dtick && pitch < TICK_WIDTH) {
    layout.xaxis = { ...layout.xaxis, dtick: Math.ceil(TICK_WIDTH / pitch) };
  }
  const labels = layout.yaxis?.ticktext;
  if (labels && width < NARROW) {
    return [data, { ...layout, yaxis: { ...layout.yaxis, ticktext: labels.map(shortLabel) } }];
  }
  return [data, layout];
}

function draw(chart) {
  const [data, layout] = suited(chart);
  const size = onPaper ? { width: PAPER_WIDTH, autosize: false } : { autosize: true };
  Plotly.react(chart.id, data, { ...layout, ...size }, quiet);
}

function paintLegends() {
  document.querySelectorAll(".legend rect").forEach((square) => {
    square.dataset.light ??= square.getAttribute("fill");
    square.setAttribute("fill", themed(square.dataset.light));
  });
}

function drawAll() {
  paintLegends();
  charts.forEach(draw);
}

// An entry of a legend shows and hides its traces, or is the one that is shown.
function pressed(button) {
  const legend = button.closest(".legend");
  const chart = charts.find((each) => each.id === legend.dataset.chart);
  const choice = legend.classList.contains("choice");
  const all = [...legend.querySelectorAll("button")];
  for (const each of choice ? all : [button]) {
    const shown = choice ? each === button : each.getAttribute("aria-pressed") !== "true";
    each.setAttribute("aria-pressed", String(shown));
    const traces = each.dataset.traces.split(",").map(Number);
    traces.forEach((index) => { chart.data[index].visible = shown; });
    Plotly.restyle(chart.id, { visible: shown }, traces);
  }
}

document.querySelectorAll(".legend button").forEach((button) => {
  button.addEventListener("click", () => pressed(button));
});

drawAll();
night.addEventListener("change", drawAll);

addEventListener("beforeprint", () => {
  onPaper = true;
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  drawAll();
});
addEventListener("afterprint", () => {
  onPaper = false;
  drawAll();
});
