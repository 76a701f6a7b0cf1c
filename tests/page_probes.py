"""Questions that page tests put to a browser: where marks lie, what overlaps, what stands out."""

from typing import Any

from playwright.sync_api import Page

MARK = """(id) => {
  // A point of the page that lies on a mark of the chart: its largest bar, first cell, or point.
  const plot = document.getElementById(id);
  plot.scrollIntoView({block: "center"});
  const {x: left, y: top} = plot.getBoundingClientRect();
  const layout = plot._fullLayout;
  const at = (trace, x, y) => {
    const xa = layout[(trace.xaxis || "x").replace("x", "xaxis")];
    const ya = layout[(trace.yaxis || "y").replace("y", "yaxis")];
    return [left + xa._offset + xa.d2p(x), top + ya._offset + ya.d2p(y)];
  };
  for (const trace of plot._fullData) {
    if (trace.visible !== true || trace.hoverinfo === "skip") continue;
    if (trace.type === "heatmap") {
      for (let r = 0; r < trace.z.length; r++) for (let c = 0; c < trace.z[r].length; c++) {
        if (trace.z[r][c] == null) continue;
        const edges = trace.x.length > trace.z[0].length;
        return at(trace, edges ? (trace.x[c] + trace.x[c + 1]) / 2 : trace.x[c],
          edges ? (trace.y[r] + trace.y[r + 1]) / 2 : trace.y[r]);
      }
    } else if (trace.type === "bar") {
      const flat = trace.orientation === "h";
      const lengths = Array.from(flat ? trace.x : trace.y, Math.abs);
      const i = lengths.indexOf(Math.max(...lengths));
      if (!lengths[i]) continue;
      const base = (trace.base || [])[i] || 0;
      return flat ? at(trace, base + trace.x[i] * 0.9, trace.y[i])
        : at(trace, trace.x[i], base + trace.y[i] / 2);
    } else {
      return at(trace, trace.x[0], trace.y[0]);
    }
  }
  return null;
}"""

OVERLAPS = """() => {
  const texts = ".xtick text, .ytick text, .y2tick text, .xtitle, .ytitle, .y2title, " +
    ".annotation text, .cbaxis text, .cbtitle text";
  const found = [];
  // Boxes of slanted labels meet where the labels don't: those lie a line's height apart.
  const slant = (text) => {
    const m = text.getScreenCTM && text.getScreenCTM();
    return m && Math.abs(m.b) > 0.01 && text.x.baseVal && text.x.baseVal.length
      ? [Math.atan2(m.b, m.a), m.e + m.a * text.x.baseVal[0].value + m.c * text.y.baseVal[0].value]
      : null;
  };
  const apart = (one, other) => {
    const p = slant(one), q = slant(other);
    return p && q && Math.abs(p[0] - q[0]) < 0.01
      && Math.abs((p[1] - q[1]) * Math.sin(p[0])) >= 11;
  };
  const compare = (elements, where) => {
    const boxes = elements.filter((e) => e.textContent.trim() && e.checkVisibility())
      .map((e) => [e, e.getBoundingClientRect()]).filter(([, b]) => b.width && b.height);
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
      if (a.contains(b) || b.contains(a) || apart(a, b)) return;
      const across = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const down = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (across > 1.5 && down > 3) {
        found.push(`${where}: '${a.textContent}' and '${b.textContent}'`);
      }
    }));
  };
  for (const plot of document.querySelectorAll(".plot")) {
    compare([...plot.querySelectorAll(texts)], plot.id);
    const room = plot.getBoundingClientRect();
    for (const text of plot.querySelectorAll(texts)) {
      const box = text.getBoundingClientRect();
      if (box.left < room.left - 1 || box.right > room.right + 1 || box.bottom > room.bottom + 1) {
        found.push(`${plot.id}: '${text.textContent}' leaves its chart`);
      }
    }
  }
  const blocks = "h1, h2, h3, .lead, .alert, nav li, .verdict > div, figcaption, .legend li, " +
    ".plot, section > p, .scroll, summary, .plain-list, footer";
  compare([...document.querySelectorAll(blocks)], "page");
  return found;
}"""

FAINT = """() => {
  const channels = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const luminance = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = channels(getComputedStyle(document.body).backgroundColor);
  const contrast = (colour, on) => {
    const [a, b] = [luminance(channels(colour)), luminance(on)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const found = [];
  const words = "h1, h2, h3, p, dt, .figure, .small, figcaption, .legend button, th, td, a, " +
    ".grade, li, summary, code, footer";
  for (const element of document.querySelectorAll(words)) {
    if (!element.textContent.trim() || element.closest(".plot")) continue;
    const own = element.classList.contains("alert")
      ? channels(getComputedStyle(element).backgroundColor) : ground;
    const ratio = contrast(getComputedStyle(element).color, own);
    if (ratio < 4.5) found.push(`${element.textContent.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  const drawn = ".xtick text, .ytick text, .xtitle, .ytitle, .annotation text, .annotation tspan";
  for (const text of document.querySelectorAll(drawn)) {
    const ratio = contrast(getComputedStyle(text).fill, ground);
    if (ratio < 4.5) found.push(`${text.textContent}: ${ratio.toFixed(2)}`);
  }
  for (const bar of document.querySelectorAll(".bars .point path, .js-line")) {
    const style = getComputedStyle(bar);
    const ratio = contrast(bar.matches(".js-line") ? style.stroke : style.fill, ground);
    if (ratio < LEAST) found.push(`${bar.closest(".plot").id}: mark ${ratio.toFixed(2)}`);
  }
  return found;
}"""


def hovered(page: Page, key: str) -> str:
    """What the chart says where the pointer lies on one of its marks."""
    place = page.evaluate(MARK, key)
    assert place is not None, f"{key} has no mark"
    page.mouse.move(place[0] - 2, place[1] - 1)
    page.mouse.move(*place)
    label = page.locator(f"#{key} .hoverlayer .hovertext").first
    label.wait_for(timeout=20_000)
    text = label.text_content() or ""
    page.mouse.move(1, 1)
    return text


def overlaps(page: Page) -> list[str]:
    """Texts of a chart, or blocks of the page, that lie on one another; texts cut off."""
    found: list[str] = page.evaluate(OVERLAPS)
    return found


def faint(page: Page, least_mark: float = 3.0) -> list[str]:
    """Words with less contrast than 4.5 (WCAG AA), marks with less than `least_mark`."""
    found: list[str] = page.evaluate(FAINT.replace("LEAST", str(least_mark)))
    return found


def traces_shown(page: Page, key: str) -> list[bool]:
    """Per trace of a chart, whether plotly draws it."""
    shown: list[Any] = page.evaluate(
        "key => document.getElementById(key)._fullData.map(trace => trace.visible)", key
    )
    return [each is True for each in shown]
