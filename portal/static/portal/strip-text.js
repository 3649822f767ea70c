// What the availability strip says in words: lengths, the clock, the table of stretches. Pure: no chart, no requests.
window.stripText = (() => {
  const two = (value) => String(value).padStart(2, "0");

  /** Seconds as on the pages: 4.2 -> "4.2 s", 252 -> "4 min 12 s", 7500 -> "2 h 05 min". */
  function length(seconds) {
    if (seconds < 9.95) return `${seconds.toFixed(1).replace(".0", "")} s`;
    const whole = Math.round(seconds);
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
    return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  }

  const time = (at) => new Date(at).toISOString().slice(11, 19);

  /** The clock: measured time over the time scale, against the objective. */
  function clock({ clock, objective_seconds: objective, time_scale: scale = 1, now }) {
    if (!clock?.from) return { state: "idle", value: "0 s", used: 0, line: "No disruption seen yet", measured: "" };
    const measured = (Date.parse(clock.to || now) - Date.parse(clock.from)) / 1000;
    const counted = measured / scale;
    const late = objective > 0 && counted > objective;
    const state = late ? "late" : clock.to ? "met" : "running";
    const line = { met: "Recovered", running: "Disrupted", late: clock.to ? "Recovered too late" : "Past the objective" }[state];
    return {
      state: objective > 0 || !clock.to ? state : "idle", value: length(counted), line,
      used: objective > 0 ? Math.min(1, counted / objective) : 0,
      measured: scale === 1 ? "" : `Measured ${length(measured)} at time scale ${scale}`,
    };
  }

  /** Neighbouring samples of one kind as one row: [{from, to, words, count}]; a silence of over 2.5 intervals is a row too. */
  function stretches({ samples, interval_seconds: interval }) {
    const rows = [];
    let last = null;
    for (const sample of samples) {
      const words = sample.ok ? `Answered by ${sample.region || "unknown Region"}` : "No good answer";
      const silence = last ? (Date.parse(sample.at) - Date.parse(last.at)) / 1000 : 0;
      if (silence > 2.5 * interval) rows.push({ from: last.at, to: sample.at, words: "Unobserved", count: 0 });
      const row = rows[rows.length - 1];
      if (row && row.words === words) Object.assign(row, { to: sample.at, count: row.count + 1 });
      else rows.push({ from: sample.at, to: sample.at, words, count: 1 });
      last = sample;
    }
    return rows;
  }

  return { length, time, clock, stretches };
})();
