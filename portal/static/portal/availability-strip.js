// The picture of a drill: one cell for each probe sample, coloured by the Region that answered, red where none did; below
// it the answer times; the clock against the objective; a table of the same. Polls data-url each second while live.
//
// The address answers: {"now", "is_live", "interval_seconds", "objective_seconds" or null, "time_scale",
//   "samples": [{"at", "ok", "region", "ms", "error"}], "outages": [{"from", "to" or null}],
//   "clock": {"from" or null, "to" or null}, "markers": [{"at", "label"}]}; all times ISO 8601, oldest first.
// Asked with ?after=<time of the last sample known> it may answer only later ones and "is_partial": true; with
// "samples_from" these take the place of all known ones from that time on.
(() => {
  const POLL_MS = 1000;
  const LABEL_ROW = 15;
  const LABEL_CHARACTER = 6.4;
  const LEFT = 58;
  const RIGHT = 18;
  const ANSWERED_HEIGHT = 0.72; // cells without an answer are taller: colour alone says nothing to some
  const { length, time, clock, stretches } = window.stripText;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function regionsOf(samples) {
    return [...new Set(samples.filter((sample) => sample.ok).map((sample) => sample.region || "unknown Region"))];
  }
  const slot = (index) => (index % 4) + 1;

  function cells(payload, regions, markers) {
    const width = payload.interval_seconds * 1000;
    const value = (sample) => [Date.parse(sample.at), Date.parse(sample.at) + width, sample.ok ? ANSWERED_HEIGHT : 1, regions.indexOf(sample.region || "unknown Region"), sample.ok ? 1 : 0];
    return {
      type: "custom", xAxisIndex: 0, yAxisIndex: 0, clip: true, encode: { x: [0, 1], y: 2 },
      data: payload.samples.map((sample) => ({ value: value(sample), sample })),
      renderItem(params, api) {
        const [left, top] = api.coord([api.value(0), api.value(2)]);
        const [right, bottom] = api.coord([api.value(1), 0]);
        const gap = right - left > 4 ? 1 : 0;
        const fill = api.value(4) ? colour(`--series-${slot(api.value(3))}`) : colour("--tone-bad");
        return { type: "rect", shape: { x: left, y: top, width: Math.max(1, right - left - gap), height: bottom - top }, style: { fill } };
      },
      markLine: markLines(markers),
      markArea: { silent: true, itemStyle: { color: colour("--line") }, data: observedSpan(payload) },
    };
  }

  /** The ground under the cells: where no cell covers it, nobody looked. */
  function observedSpan({ samples, now }) {
    return samples.length ? [[{ xAxis: Date.parse(samples[0].at), yAxis: 0 }, { xAxis: Date.parse(now), yAxis: ANSWERED_HEIGHT }]] : [];
  }

  function markersOf(payload) {
    const ink = colour("--ink-soft");
    const markers = payload.markers.map(({ at, label }) => ({ at: Date.parse(at), label, ink, text: colour("--ink"), type: "solid", width: 1 }));
    const limit = deadline(payload);
    const amber = colour("--tone-attention");
    if (limit) markers.push({ at: limit, label: "Objective", ink: amber, text: amber, type: "dashed", width: 2 });
    return markers.sort((one, other) => one.at - other.at);
  }

  /** Gives each label the lowest row in which it touches no other; labels are centred on their line. */
  function inRows(markers, xOf) {
    const ends = [];
    return markers.map((marker) => {
      const half = (marker.label.length * LABEL_CHARACTER) / 2 + 4;
      const x = xOf(marker.at);
      let row = ends.findIndex((end) => end < x - half);
      if (row < 0) row = ends.length;
      ends[row] = x + half;
      return { ...marker, row };
    });
  }

  function markLines(markers) {
    const data = markers.map(({ at, label, ink, text, type, width, row }) => ({
      name: label, xAxis: at, lineStyle: { color: ink, type, width },
      label: { formatter: label, color: text, distance: [0, 4 + LABEL_ROW * row] },
    }));
    return { silent: true, symbol: "none", label: { position: "end", fontSize: 11, rotate: 0 }, data };
  }

  function deadline({ clock: { from } = {}, objective_seconds: objective, time_scale: scale = 1, samples }) {
    if (!from || !objective) return null;
    const at = Date.parse(from) + objective * scale * 1000;
    const first = samples.length ? Date.parse(samples[0].at) : at;
    const last = samples.length ? Date.parse(samples[samples.length - 1].at) : at;
    return at <= last + Math.max(last - first, 30000) * 1.5 ? at : null; // further off it would squeeze the samples
  }

  function answerTimes(payload, regions) {
    return regions.map((region, index) => ({
      type: "line", name: region, xAxisIndex: 1, yAxisIndex: 1, showSymbol: false, connectNulls: false, silent: true,
      lineStyle: { width: 1.5, color: colour(`--series-${slot(index)}`), type: index % 2 ? "dashed" : "solid" },
      data: payload.samples.map((sample) => [Date.parse(sample.at), sample.ok && (sample.region || "unknown Region") === region ? sample.ms : null]),
      ...(index === 0 && { markArea: outageBands(payload) }),
    }));
  }

  function outageBands(payload) {
    return {
      silent: true, itemStyle: { color: colour("--tone-bad"), opacity: 0.1 },
      data: payload.outages.map((outage) => [{ xAxis: Date.parse(outage.from) }, { xAxis: Date.parse(outage.to || payload.now) }]),
    };
  }

  function spoken({ data: { sample } }) {
    if (sample.ok) return `${time(sample.at)} UTC\n${sample.region || "unknown Region"} answered in ${sample.ms} ms`;
    return `${time(sample.at)} UTC\nNo good answer${sample.error ? `: ${sample.error}` : ""}`;
  }

  function option(payload, width) {
    const regions = regionsOf(payload.samples);
    const ink = colour("--ink-soft");
    const line = colour("--line");
    const first = payload.samples.length ? Date.parse(payload.samples[0].at) : Date.parse(payload.now);
    const last = Math.max(Date.parse(payload.now), deadline(payload) || 0, first + 30000);
    const max = last + (last - first) * 0.02;
    const axis = { type: "time", min: first, max, axisTick: { show: false }, splitLine: { show: false } };
    const markers = inRows(markersOf(payload), (at) => ((at - first) / (max - first)) * (width - LEFT - RIGHT));
    const top = 8 + LABEL_ROW * Math.max(1, ...markers.map((marker) => marker.row + 1));
    return {
      animation: false, useUTC: true, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: [{ left: LEFT, right: RIGHT, top, height: 48 }, { left: LEFT, right: RIGHT, top: top + 64, bottom: 26 }],
      xAxis: [
        { ...axis, gridIndex: 0, axisLabel: { show: false }, axisLine: { show: false } },
        { ...axis, gridIndex: 1, axisLabel: { color: ink, hideOverlap: true, formatter: "{HH}:{mm}:{ss}" }, axisLine: { lineStyle: { color: line } } },
      ],
      yAxis: [
        { gridIndex: 0, min: 0, max: 1, show: false },
        { gridIndex: 1, min: 0, splitNumber: 2, axisLabel: { color: ink, formatter: "{value} ms" }, splitLine: { lineStyle: { color: line } } },
      ],
      tooltip: { renderMode: "richText", confine: true, formatter: spoken, backgroundColor: colour("--surface"), borderColor: line, textStyle: { color: colour("--ink"), fontSize: 12 } },
      series: [cells(payload, regions, markers), ...answerTimes(payload, regions)],
    };
  }

  function showClock(figure, payload) {
    const face = figure.querySelector("[data-clock]");
    const seen = clock(payload);
    const before = face.dataset.state;
    face.dataset.state = seen.state;
    face.querySelector("[data-clock-value]").textContent = seen.value;
    face.querySelector("[data-clock-line]").textContent = seen.line;
    face.querySelector("[data-clock-objective]").textContent = payload.objective_seconds ? `Objective ${length(payload.objective_seconds)}` : "No objective";
    face.querySelector("[data-clock-measured]").textContent = seen.measured;
    face.querySelector("progress").value = seen.used;
    if (before && before !== seen.state) figure.querySelector("[data-strip-spoken]").textContent = `${seen.line}: ${seen.value}`;
  }

  function showTable(figure, payload) {
    const rows = stretches(payload).map((row) => {
      const line = document.createElement("tr");
      for (const text of [time(row.from), time(row.to), row.words, row.count || "–"]) {
        line.append(Object.assign(document.createElement("td"), { textContent: text }));
      }
      return line;
    });
    figure.querySelector("tbody").replaceChildren(...rows);
  }

  function showLegend(figure, payload) {
    const entries = regionsOf(payload.samples).map((region, index) => [region, slot(index)]);
    const items = [...entries, ["No good answer", "bad"], ["Unobserved", "none"]].map(([words, swatch]) => {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("viewBox", "0 0 10 10");
      svg.setAttribute("aria-hidden", "true");
      const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [key, value] of Object.entries({ width: 10, height: 10, rx: 2, class: `swatch-${swatch}` })) rect.setAttribute(key, value);
      svg.append(rect);
      const item = document.createElement("li");
      item.append(svg, words);
      return item;
    });
    figure.querySelector("[data-strip-legend]").replaceChildren(...items);
  }

  function start(figure) {
    figure.dataset.started = "yes";
    const place = figure.querySelector("[data-strip-chart]");
    const chart = echarts.init(place, null, { renderer: "svg" });
    let known = null;

    const show = () => {
      if (!known) return;
      chart.setOption(option(known, place.clientWidth), true);
      showClock(figure, known);
      showLegend(figure, known);
      showTable(figure, known);
    };
    // A slow answer arrives after younger ones: a partial payload replaces everything known from its `samples_from` on.
    const merge = (payload) => {
      if (!payload.is_partial || !known) return payload;
      const kept = payload.samples_from ? known.samples.filter((sample) => sample.at < payload.samples_from) : known.samples;
      return { ...payload, samples: [...kept, ...payload.samples] };
    };
    async function poll() {
      if (!figure.isConnected) return chart.dispose();
      if (!document.hidden) {
        const address = new URL(figure.dataset.url, location.href);
        const last = known?.samples[known.samples.length - 1];
        if (last) address.searchParams.set("after", last.at);
        try {
          const answer = await fetch(address, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10000) });
          if (!answer.ok) throw new Error(String(answer.status));
          known = merge(await answer.json());
          figure.querySelector("[data-strip-note]").textContent = known.is_live ? `Live, as of ${time(known.now)} UTC` : "";
          show();
          if (!known.is_live) return undefined;
        } catch {
          figure.querySelector("[data-strip-note]").textContent = "The portal does not answer; what is shown is what was known last. Trying again.";
        }
      }
      return setTimeout(poll, POLL_MS);
    }
    document.addEventListener("portal:theme", show);
    new ResizeObserver(() => {
      chart.resize();
      show();
    }).observe(place);
    poll();
  }

  const refresh = () => document.querySelectorAll("[data-strip]:not([data-started])").forEach(start);
  document.addEventListener("DOMContentLoaded", refresh);
  document.addEventListener("htmx:after:swap", refresh);
})();
