// Filters the table of measurements, and draws a measurement when it is opened.
//
// What is shown lives in the address: #component=, #owner=, #kind=, #verdict= and #name= filter, #m= opens a measurement.
// Text of others goes into the page through textContent and attributes that hold no code, never as HTML.
(() => {
  'use strict';

  const data = JSON.parse(document.getElementById('data').textContent);
  const measurements = data.measurements || [];
  const runs = data.runs || [];
  // One row for each measurement, in the same order.
  const rows = Array.from(document.querySelectorAll('table.measurements > tbody > tr'));
  if (rows.length !== measurements.length) return;

  // --- Elements ---

  const byId = (id) => document.getElementById(id);

  const fill = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value === true ? '' : value);
    }
    node.append(...children.filter((child) => child !== undefined && child !== null && child !== ''));
    return node;
  };
  const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) =>
    fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

  // --- Figures ---

  // As the other forms of the report print them: three digits, and all of those before the point.
  const figure = (value) => {
    const size = Math.abs(value);
    if (!Number.isFinite(value)) return 'not finite';
    if (size >= 1e9) return value.toExponential(2);
    if (size >= 1000) return value.toFixed(0);
    if (size >= 10) return value.toFixed(1);
    if (size >= 1) return value.toFixed(2);
    return size === 0 ? '0' : String(Number(value.toPrecision(3)));
  };
  const withUnit = (value, unit) => figure(value) + (unit === 'x' ? '' : ' ') + (unit || '');
  const percent = (share) => `${share >= 0 ? '+' : '\u2212'}${Math.abs(share * 100).toFixed(1)} %`;
  const day = (seconds) => {
    const date = new Date((seconds || 0) * 1000);
    return Number.isNaN(date.getTime()) ? 'unknown day' : date.toISOString().slice(0, 10);
  };

  // --- Axes ---

  // A coordinate as SVG takes it; whatever happens, it is a number.
  const at = (value) => (Number.isFinite(value) ? Math.round(value * 10) / 10 : 0);
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  // Widens a range of nothing, so that what is all equal has a place in the middle.
  const widened = ([low, high]) => {
    if (high > low) return [low, high];
    const margin = Math.abs(low) * 0.05 || 1;
    return [low - margin, low + margin];
  };

  // Maps values between `low` and `high` to coordinates between `begin` and `end`; others to the nearer end.
  const linear = (low, high, begin, end) => (value) => {
    // Halves, as the difference of the greatest figures has no place in a double.
    const share = (value / 2 - low / 2) / (high / 2 - low / 2);
    return at(begin + clamp(share, 0, 1) * (end - begin));
  };

  // About five round values between `low` and `high`, with their texts.
  const ticksOf = (low, high) => {
    const span = high - low;
    if (!Number.isFinite(span) || !(span > 0)) return [low, high].map((value) => ({ value, text: figure(value) }));
    const power = 10 ** Math.floor(Math.log10(span / 4));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => span / candidate <= 5) || span;
    const ticks = [];
    for (let i = Math.ceil(low / step); i <= Math.floor(high / step) && ticks.length < 12; ++i) {
      const value = i * step;
      const digits = value === 0 ? 1 : Math.ceil(Math.log10(Math.abs(value) / step)) + 1;
      const rounded = Number(value.toPrecision(clamp(digits, 1, 15)));
      const size = Math.abs(rounded);
      ticks.push({ value, text: size >= 1e7 ? rounded.toExponential(2) : String(rounded) });
    }
    return ticks;
  };

  // Where an axis begins: nobody should have to guess whether that is 0.
  const axisNote = (low, unit) => (low === 0 ? 'The axis begins at 0.' : `The axis begins at ${withUnit(low, unit)}, not at 0.`);

  const text = (x, y, content, attributes) => svg('text', { x: at(x), y: at(y), ...attributes }, content);
  const line = (x1, y1, x2, y2, style) => svg('line', { x1: at(x1), y1: at(y1), x2: at(x2), y2: at(y2), class: style });

  const picture = (width, height, label, ...children) =>
    svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label, class: 'chart' }, ...children);

  const figureOf = (title, drawing, ...notes) =>
    html('figure', {}, html('figcaption', {}, title), drawing, ...notes.filter(Boolean).map((note) => html('p', { class: 'note' }, note)));

  // Both axes of a picture with values of `unit` on the one that `vertical` says.
  const valueTicks = (low, high, scale, unit, vertical, box) => {
    const drawn = [];
    for (const tick of ticksOf(low, high)) {
      const place = scale(tick.value);
      if (vertical) {
        drawn.push(line(box.left, place, box.right, place, 'grid'));
        drawn.push(text(box.left - 6, place + 4, tick.text, { 'text-anchor': 'end' }));
      } else {
        drawn.push(line(place, box.top, place, box.bottom, 'grid'));
        drawn.push(text(place, box.axis + 14, tick.text, { 'text-anchor': 'middle' }));
      }
    }
    drawn.push(vertical ? text(4, 12, unit, { class: 'unit' }) : text(box.right, box.axis + 30, unit, { class: 'unit', 'text-anchor': 'end' }));
    return drawn;
  };

  // --- Distributions ---

  const quantile = (values, share) => values[Math.round(share * (values.length - 1))];

  // The range that shows a distribution: all of it, unless few samples are far away.
  const rangeOf = (values) => {
    const [least, most] = [values[0], values[values.length - 1]];
    const [low, high] = [quantile(values, 0.05), quantile(values, 0.95)];
    const reach = 2 * (high - low);
    if (!(reach > 0) || !Number.isFinite(reach)) return [least, most];
    return [Math.max(least, low - reach), Math.min(most, high + reach)];
  };

  // The steps or the line of an empirical cumulative distribution.
  const distributionPath = (distribution, x, y, box) => {
    const { values } = distribution;
    const parts = [`M${box.left} ${y(0)}`];
    if (distribution.complete || values.length === 1) {
      values.forEach((value, i) => parts.push(`H${x(value)}V${y((i + 1) / values.length)}`));
    } else {
      parts.push(`H${x(values[0])}`);
      values.forEach((value, i) => parts.push(`L${x(value)} ${y(i / (values.length - 1))}`));
    }
    return `${parts.join('')}H${box.right}`;
  };

  const drawDistribution = (m) => {
    const current = m.current;
    const baseline = m.baseline && m.baseline.values ? m.baseline : null;
    const sides = [current, baseline].filter(Boolean);
    const hasMedian = m.baseline_median !== undefined;
    const ranges = sides.map((side) => rangeOf(side.values));
    if (hasMedian) ranges.push([m.baseline_median, m.baseline_median]);
    let low = Math.min(...ranges.map((range) => range[0]));
    let high = Math.max(...ranges.map((range) => range[1]));
    const onAxis = (m.limits || []).filter((limit) => limit.on_axis);
    const [seenLow, seenHigh] = [low, high];
    for (const limit of onAxis) {
      const value = limit.limit || 0;
      const reach = seenHigh - seenLow || Math.abs(seenHigh) || 1;
      if (value > seenLow - reach && value < seenHigh + reach) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    const margin = (high - low) * 0.04;
    if (Number.isFinite(margin)) {
      const atZero = low >= 0 && low < 0.25 * high;
      high += margin;
      low = atZero ? 0 : low - margin;
    }
    [low, high] = widened([low, high]);

    const box = { left: 52, right: 548, top: 14, bottom: 186, axis: baseline ? 212 : 200 };
    const x = linear(low, high, box.left, box.right);
    const y = linear(0, 1, box.bottom, box.top);
    const drawn = [];
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      drawn.push(line(box.left, y(share), box.right, y(share), 'grid'));
      drawn.push(text(box.left - 6, y(share) + 4, `${share * 100} %`, { 'text-anchor': 'end' }));
    }
    drawn.push(...valueTicks(low, high, x, m.unit || '', false, box));
    sides.forEach((side, i) => {
      const style = side === current ? 'current' : 'baseline';
      const top = box.bottom + 3 + i * 12;
      for (const value of side.values) drawn.push(line(x(value), top, x(value), top + 9, `${style} sample`));
    });
    if (baseline) drawn.push(svg('path', { d: distributionPath(baseline, x, y, box), class: 'baseline curve' }));
    if (hasMedian) drawn.push(line(x(m.baseline_median), y(0.5), x(m.baseline_median), box.bottom, 'baseline median'));
    drawn.push(svg('path', { d: distributionPath(current, x, y, box), class: 'current curve' }));
    drawn.push(line(x(m.median || 0), y(0.5), x(m.median || 0), box.bottom, 'current median'));
    drawn.push(svg('circle', { cx: x(m.median || 0), cy: y(0.5), r: 4, class: 'current dot' }));
    if (hasMedian) drawn.push(svg('rect', { x: at(x(m.baseline_median) - 4), y: at(y(0.5) - 4), width: 8, height: 8, class: 'baseline dot' }));

    const notes = [axisNote(low, m.unit)];
    if (!current.complete) notes.push(`Of ${current.count} samples, ${current.values.length} quantiles are drawn.`);
    for (const limit of onAxis) {
      const value = limit.limit || 0;
      if (value >= low && value <= high) {
        drawn.push(line(x(value), box.top, x(value), box.bottom, limit.met ? 'limit' : 'limit missed'));
        const left = x(value) > (box.left + box.right) / 2;
        drawn.push(text(x(value) + (left ? -5 : 5), box.top + 10, 'required', { class: 'limit-text', 'text-anchor': left ? 'end' : 'start' }));
      } else {
        notes.push(`The requirement's line, at ${withUnit(value, m.unit)}, is beyond the ${value > high ? 'right' : 'left'} end.`);
      }
    }
    const extremes = sides.map((side) => [side.values[0], side.values[side.values.length - 1]]);
    const least = Math.min(...extremes.map((pair) => pair[0]));
    const most = Math.max(...extremes.map((pair) => pair[1]));
    if (most > high) notes.push(`Few samples lie beyond the right end; the greatest is ${withUnit(most, m.unit)}.`);
    if (least < low) notes.push(`Few samples lie beyond the left end; the least is ${withUnit(least, m.unit)}.`);

    const legend = html('p', { class: 'legend' },
      html('span', { class: 'key current' }, `\u25CF this run: ${current.count || 0} ${current.count === 1 ? 'sample' : 'samples'}, median ${withUnit(m.median || 0, m.unit)}`),
      hasMedian ? html('span', { class: 'key baseline' }, `\u25A0 baseline${baseline ? `: ${baseline.count || 0} ${baseline.count === 1 ? 'sample' : 'samples'}` : ''}, median ${withUnit(m.baseline_median, m.unit)}`) : '');
    const label = `Cumulative distribution: median ${withUnit(m.median || 0, m.unit)}${hasMedian ? `, baseline ${withUnit(m.baseline_median, m.unit)}` : ''}`;
    const drawing = html('div', {}, legend, picture(560, box.axis + 36, label, ...drawn));
    return figureOf('Share of samples up to a value; ticks are samples', drawing, ...notes);
  };

  // --- The ratio to the baseline ---

  // A logarithmic axis of ratios, centred at 1, on which worse is always to the left.
  const ratioAxis = (m, limit, begin, end) => {
    const sign = m.higher_is_better ? 1 : -1;
    const scale = linear(-limit, limit, begin, end);
    const place = (ratio) => scale(sign * Math.log(ratio));
    // What is worse by a share of the baseline, as the verdicts count it.
    const ofChange = (change) => 1 + sign * change;
    const ends = [m.ratio_low, m.ratio_high].map((ratio) => (ratio === undefined ? null : sign * Math.log(ratio)));
    if (sign < 0) ends.reverse();
    return {
      place,
      ofChange,
      value: scale(sign * Math.log(m.ratio)),
      low: ends[0] === null ? begin : scale(ends[0]),
      high: ends[1] === null ? end : scale(ends[1]),
      opensLow: ends[0] === null || ends[0] < -limit,
      opensHigh: ends[1] === null || ends[1] > limit,
    };
  };

  const arrow = (x, y, direction, style) =>
    svg('path', { d: `M${at(x - direction * 7)} ${at(y - 5)}L${at(x)} ${at(y)}L${at(x - direction * 7)} ${at(y + 5)}`, class: style });

  const drawRatio = (m) => {
    const reach = [m.ratio, m.ratio_low, m.ratio_high].filter((ratio) => ratio > 0).map((ratio) => Math.abs(Math.log(ratio)));
    const limit = clamp(Math.max(...reach) * 1.15, Math.log(1.32), Math.log(10));
    const box = { left: 20, right: 540, top: 26, bottom: 84 };
    const axis = ratioAxis(m, limit, box.left, box.right);
    const y = 56;
    const drawn = [];
    const band = (from, to, style) => {
      const [x1, x2] = [axis.place(from), axis.place(to)].sort((one, other) => one - other);
      drawn.push(svg('rect', { x: at(x1), y: box.top, width: at(x2 - x1), height: box.bottom - box.top, class: style }));
    };
    const far = Math.exp(m.higher_is_better ? -limit : limit);
    band(far, axis.ofChange(-0.2), 'band red');
    band(axis.ofChange(-0.2), axis.ofChange(-0.1), 'band yellow');
    band(axis.ofChange(0.1), 1 / far, 'band improved');
    for (const change of [-0.2, -0.1, 0, 0.1, 0.2]) {
      const ratio = axis.ofChange(change);
      const x = axis.place(ratio);
      drawn.push(line(x, box.top, x, box.bottom, change === 0 ? 'axis' : 'grid'));
      // Wide ranges have no place for each label.
      if (change !== 0 && limit > Math.log(Math.abs(change) < 0.15 ? 2.5 : 4)) continue;
      drawn.push(text(x, box.bottom + 14, `${Number(ratio.toFixed(2))}\u00D7`, { 'text-anchor': 'middle' }));
    }
    for (const ratio of limit > Math.log(1.6) ? [0.25, 0.5, 2, 4] : []) {
      if (Math.abs(Math.log(ratio)) < limit * 0.97) {
        drawn.push(line(axis.place(ratio), box.top, axis.place(ratio), box.bottom, 'grid'));
        drawn.push(text(axis.place(ratio), box.bottom + 14, `${ratio}\u00D7`, { 'text-anchor': 'middle' }));
      }
    }
    drawn.push(text(box.left, 16, '\u2190 worse', {}), text(box.right, 16, 'better \u2192', { 'text-anchor': 'end' }));
    drawn.push(line(axis.low, y, axis.high, y, 'current interval'));
    if (axis.opensLow) drawn.push(arrow(box.left, y, -1, 'current interval'));
    else drawn.push(line(axis.low, y - 6, axis.low, y + 6, 'current interval'));
    if (axis.opensHigh) drawn.push(arrow(box.right, y, 1, 'current interval'));
    else drawn.push(line(axis.high, y - 6, axis.high, y + 6, 'current interval'));
    drawn.push(svg('circle', { cx: axis.value, cy: y, r: 5.5, class: 'current dot' }));
    const range = m.ratio_low !== undefined && m.ratio_high !== undefined
      ? `, between ${m.ratio_low.toPrecision(3)} and ${m.ratio_high.toPrecision(3)} with 99 % confidence` : ', with no range yet';
    const summary = `${m.ratio.toPrecision(3)} times the baseline${range}`;
    return figureOf('This run over the baseline', picture(560, 106, summary, ...drawn), `${summary}. Lines are at 10 and 20 %; the axis is logarithmic, with 1 in its middle.`);
  };

  // The same as a small picture for a row.
  const glyph = (m) => {
    const [width, height] = [120, 16];
    const axis = ratioAxis(m, Math.log(1.5), 4, width - 4);
    const drawn = [];
    for (const change of [-0.2, -0.1, 0.1, 0.2]) drawn.push(line(axis.place(axis.ofChange(change)), 2, axis.place(axis.ofChange(change)), height - 2, 'grid'));
    drawn.push(line(width / 2, 0, width / 2, height, 'axis'));
    drawn.push(line(axis.low, height / 2, axis.high, height / 2, 'current interval'));
    // What is beyond the ends is an arrow.
    const beyond = Math.abs(Math.log(m.ratio)) > Math.log(1.5);
    const worse = axis.value < width / 2;
    drawn.push(beyond
      ? arrow(worse ? 3 : width - 3, height / 2, worse ? -1 : 1, `arrow v-${m.verdict}`)
      : svg('circle', { cx: axis.value, cy: height / 2, r: 3.5, class: `dot v-${m.verdict}` }));
    return svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true', class: 'glyph' }, ...drawn);
  };

  // --- Trends ---

  // A range of levels, at least a tenth of the figure high, so that levels look alike if they are.
  const levelRange = (values) => {
    let low = Math.min(...values);
    let high = Math.max(...values);
    const least = Math.max(Math.abs(high), Math.abs(low)) * 0.1;
    if (high - low < least) {
      const middle = high / 2 + low / 2;
      [low, high] = [middle - least / 2, middle + least / 2];
    }
    const margin = (high - low) * 0.06;
    return widened(Number.isFinite(margin) ? [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin] : [low, high]);
  };

  const drawTrend = (m) => {
    const { trend } = m;
    const noisy = new Set(trend.noisy || []);
    const values = trend.medians;
    const [low, high] = levelRange(m.baseline_median === undefined ? values : values.concat(m.baseline_median));
    const box = { left: 62, right: 548, top: 22, bottom: 176 };
    const last = values.length - 1;
    const x = last === 0 ? () => (box.left + box.right) / 2 : linear(0, last, box.left + 6, box.right - 6);
    const y = linear(low, high, box.bottom, box.top);
    const drawn = valueTicks(low, high, y, m.unit || '', true, box);
    if (m.baseline_median !== undefined) {
      drawn.push(line(box.left, y(m.baseline_median), box.right, y(m.baseline_median), 'baseline level'));
      drawn.push(text(box.right, y(m.baseline_median) - 4, 'baseline', { class: 'baseline-text', 'text-anchor': 'end' }));
    }
    const changes = trend.changes || [];
    changes.forEach((change, i) => {
      const place = (x(change.point - 1) + x(change.point)) / 2;
      const from = i === 0 ? x(0) : x(changes[i - 1].point);
      const to = i + 1 < changes.length ? x(changes[i + 1].point) : x(last);
      if (i === 0) drawn.push(line(from, y(change.before || 0), place, y(change.before || 0), 'level'));
      drawn.push(line(place, y(change.after || 0), to, y(change.after || 0), 'level'));
      drawn.push(line(place, box.top, place, box.bottom, 'change-point'));
      drawn.push(text(place, box.top - 6, `change ${i + 1}`, { 'text-anchor': 'middle', class: 'change-text' }));
    });
    drawn.push(svg('polyline', { points: values.map((value, i) => `${at(x(i))},${y(value)}`).join(' '), class: 'current thread' }));
    values.forEach((value, i) => {
      const run = runs[trend.runs[i]] || {};
      const isNoisy = noisy.has(i);
      const words = `${day(run.time_s)}, ${run.commit || 'unknown commit'}: ${withUnit(value, m.unit)}${isNoisy ? ', noisy' : ''}`;
      drawn.push(svg('circle', { cx: at(x(i)), cy: y(value), r: i === last ? 4.5 : 2.6, class: `current ${isNoisy ? 'hollow' : 'dot'}` }, svg('title', {}, words)));
    });
    const [first, final] = [runs[trend.runs[0]] || {}, runs[trend.runs[last]] || {}];
    drawn.push(text(box.left, box.bottom + 16, `${day(first.time_s)} ${first.commit || ''}`, {}));
    if (last > 0) drawn.push(text(box.right, box.bottom + 16, `${day(final.time_s)} ${final.commit || ''}`, { 'text-anchor': 'end' }));
    const summary = `Medians of ${values.length} ${values.length === 1 ? 'run' : 'runs'}, ${changes.length === 0 ? 'no change of level' : `${changes.length} ${changes.length === 1 ? 'change' : 'changes'} of level`}`;
    const notes = changes.map((change, i) => `Change ${i + 1}: ${withUnit(change.before || 0, m.unit)} to ${withUnit(change.after || 0, m.unit)}: ${change.text || ''}.`);
    if (noisy.size > 0) notes.push('Hollow points: the machine was noisy, or it is not known whether it was.');
    return figureOf('Earlier runs on this machine', picture(560, 200, summary, ...drawn), `${summary}. ${axisNote(low, m.unit)}`, ...notes);
  };

  const drawGrowth = (m) => {
    const { work, values } = m.growth;
    const [low, high] = levelRange(values);
    const [begin, end] = widened([work[0], work[work.length - 1]]);
    const box = { left: 62, right: 548, top: 22, bottom: 166, axis: 166 };
    const x = linear(begin, end, box.left, box.right);
    const y = linear(low, high, box.bottom, box.top);
    const drawn = [
      ...valueTicks(low, high, y, m.unit || '', true, box),
      ...valueTicks(begin, end, x, m.growth.work_unit || '', false, box),
      svg('polyline', { points: work.map((value, i) => `${x(value)},${y(values[i])}`).join(' '), class: 'current curve' }),
    ];
    const label = `From ${withUnit(values[0], m.unit)} to ${withUnit(values[values.length - 1], m.unit)}`;
    return figureOf('Over the work that was done', picture(560, 204, label, ...drawn), `${label}. ${axisNote(low, m.unit)}`);
  };

  // --- Chains of stages ---

  const drawChain = (chain) => {
    const total = measurements[chain.total || 0];
    const stages = chain.stages.map((index) => measurements[index]);
    const box = { left: 200, right: 740, top: 8 };
    const rowHeight = 30;
    let offset = 0;
    const bars = stages.map((stage) => {
      const bar = { name: stage.title, begin: offset, median: stage.median || 0, p95: stage.p95 || 0, p99: stage.p99 || 0, baseline: stage.baseline_median, style: 'stage' };
      offset += bar.median;
      return bar;
    });
    const rest = (total.median || 0) - offset;
    if (rest > 0.01 * (total.median || 0)) bars.push({ name: 'in no stage', begin: offset, median: rest, style: 'rest' });
    bars.push({ name: total.title, begin: 0, median: total.median || 0, p95: total.p95 || 0, p99: total.p99 || 0, baseline: total.baseline_median, style: 'total' });
    const [, high] = widened([0, Math.max(...bars.map((bar) => bar.begin + Math.max(bar.median, bar.p95 || 0))) * 1.06]);
    const bottom = box.top + bars.length * rowHeight;
    const x = linear(0, high, box.left, box.right);
    const drawn = valueTicks(0, high, x, total.unit || '', false, { ...box, bottom, axis: bottom });
    bars.forEach((bar, i) => {
      const top = box.top + i * rowHeight;
      const middle = top + rowHeight / 2;
      const [from, to] = [x(bar.begin), x(bar.begin + bar.median)];
      drawn.push(text(box.left - 8, middle + 4, bar.name.length > 28 ? `${bar.name.slice(0, 27)}\u2026` : bar.name, { 'text-anchor': 'end', class: bar.style }));
      drawn.push(svg('rect', { x: from, y: top + 7, width: at(Math.max(to - from, 1)), height: rowHeight - 14, class: `bar ${bar.style}` }));
      if (bar.p95 !== undefined) {
        drawn.push(line(to, middle, x(bar.begin + bar.p95), middle, 'whisker'));
        drawn.push(line(x(bar.begin + bar.p95), middle - 4, x(bar.begin + bar.p95), middle + 4, 'whisker'));
        if (bar.begin + bar.p99 <= high) drawn.push(svg('circle', { cx: x(bar.begin + bar.p99), cy: middle, r: 2.5, class: 'whisker' }));
      }
      if (bar.baseline !== undefined) drawn.push(line(x(bar.begin + bar.baseline), top + 3, x(bar.begin + bar.baseline), top + rowHeight - 3, 'baseline level'));
    });
    const label = `${chain.title}: ${bars.map((bar) => `${bar.name} ${withUnit(bar.median, total.unit)}`).join(', ')}`;
    const note = 'Bars are medians, one after the other. The line ends at the 95th percentile, the point is the 99th, if it is not beyond ' +
      'the end; percentiles of stages do not add up. The dashed mark is the baseline\u2019s median. The axis begins at 0.';
    return figureOf('', picture(760, bottom + 36, label, ...drawn), note);
  };

  // --- What a measurement executes ---

  // Instructions are whole, but for what happens once in a few iterations.
  const count = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3))));
  const signed = (change) => `${change < 0 ? '\u2212' : '+'}${count(Math.abs(change))}`;
  const changeOf = (before, after) => {
    if (count(before) === count(after)) return `same (${count(after)})`;
    return `${signed(after - before)} (${count(before)} to ${count(after)})`;
  };

  const per = (m) => m.per || 'an iteration';

  // A flame graph of this run: the functions above the one that calls them, each as wide as it costs. What grew or
  // shrank has a colour, an arrow and the figure.
  const drawFlames = (m) => {
    const frames = m.frames.map((frame) => ({ ...frame, before: frame.before || 0, after: frame.after || 0, parent: frame.parent || 0 }));
    const total = frames[0].after;
    const [left, right, rowHeight] = [4, 756, 20];
    const depths = [];
    const begins = [];
    // Where the next child of each frame begins.
    const free = [];
    frames.forEach((frame, i) => {
      depths[i] = i === 0 ? 0 : depths[frame.parent] + 1;
      begins[i] = i === 0 ? 0 : free[frame.parent];
      if (i > 0) free[frame.parent] += frame.after;
      free[i] = begins[i];
    });
    const scale = linear(0, total, left, right);
    const wide = frames.map((frame, i) => scale(begins[i] + frame.after) - scale(begins[i]) >= 1);
    const levels = Math.max(...depths.filter((_, i) => wide[i])) + 1;
    const height = levels * rowHeight + 8;
    const drawn = [];
    frames.forEach((frame, i) => {
      if (!wide[i]) return;
      const change = frame.after - frame.before;
      const style = Math.abs(change) < 0.005 * total ? 'same' : change > 0 ? 'grown' : 'shrunk';
      const arrow = { same: '', grown: ' \u25B2', shrunk: ' \u25BC' }[style];
      const [from, to] = [scale(begins[i]), scale(begins[i] + frame.after)];
      const y = height - 4 - (depths[i] + 1) * rowHeight;
      const words = `${frame.name}${arrow}${style === 'same' ? '' : ` ${signed(change)}`}`;
      // A character is some 6.5 wide.
      const room = Math.floor((to - from - 6) / 6.5);
      const shown = words.length <= room ? words : room > 3 ? `${words.slice(0, room - 1)}\u2026` : '';
      drawn.push(svg('g', {},
        svg('title', {}, `${frame.full || frame.name}${frame.inlined ? ' (inlined)' : ''}: ${count(frame.after)} instructions ${per(m)}, ` +
          `${(frame.after / total * 100).toFixed(1)} %; before ${count(frame.before)}`),
        svg('rect', { x: from, y, width: at(Math.max(to - from - 0.5, 0.5)), height: rowHeight - 1, class: `frame ${style}${frame.inlined ? ' inlined' : ''}` }),
        shown === '' ? '' : text(from + 4, y + 14, shown, { class: 'frame' })));
    });
    const label = `Flame graph: ${count(total)} instructions ${per(m)}, before ${count(frames[0].before)}`;
    return figureOf(`${count(total)} instructions ${per(m)}, before ${count(frames[0].before)}`, picture(760, height, label, ...drawn),
      'Each box is a function, as wide as it costs in this run with what it calls, above the function that calls it. ' +
      '\u25B2 grew, \u25BC shrank, by so many instructions; a dashed border: inlined. What is gone is in the table only.');
  };

  const functionTable = (m) =>
    m.functions && m.functions.length > 0
      ? html('table', { class: 'figures functions' }, html('caption', {}, `Functions whose cost changed, in instructions ${per(m)}`),
        html('thead', {}, html('tr', {}, ...['Function', 'Itself', 'With what it calls'].map((head) => html('th', { scope: 'col' }, head)))),
        html('tbody', {}, ...m.functions.map((entry) => html('tr', {},
          html('th', { scope: 'row' }, entry.presence ? `${entry.presence}: ` : '', html('code', { title: entry.full || entry.name || '' }, entry.name || ''),
            ...(entry.notes || []).map((note) => html('div', { class: 'note' }, note))),
          html('td', { class: 'number' }, changeOf(entry.self_before || 0, entry.self_after || 0)),
          html('td', { class: 'number' }, changeOf(entry.inclusive_before || 0, entry.inclusive_after || 0))))))
      : '';

  const allocationTable = (m) =>
    m.allocations && m.allocations.length > 0
      ? html('table', { class: 'figures functions' }, html('caption', {}, `Allocations ${per(m)}, by who asks for them`),
        html('tbody', {}, ...m.allocations.map((entry) => html('tr', {},
          html('th', { scope: 'row' }, html('code', {}, entry.caller || '')),
          html('td', { class: 'number' }, changeOf(entry.before || 0, entry.after || 0))))))
      : '';

  const explanationNotes = (m) =>
    m.explanation_notes && m.explanation_notes.length > 0
      ? html('ul', { class: 'reasons' }, ...m.explanation_notes.map((note) => html('li', { class: 'note' }, note)))
      : '';

  // Why it changed, below everything else and as wide: names of functions are long.
  const explanation = (m) => {
    const flames = m.frames && m.frames.length > 0 && m.frames[0].after > 0 ? drawFlames(m) : '';
    const parts = [flames, functionTable(m), allocationTable(m), explanationNotes(m)].filter((part) => part !== '');
    return parts.length > 0 ? html('div', { class: 'explanation' }, ...parts) : '';
  };

  // --- A measurement ---

  const table = (caption, entries) =>
    entries && entries.length > 0
      ? html('table', { class: 'figures' }, html('caption', {}, caption),
        html('tbody', {}, ...entries.map((entry) => html('tr', {}, html('th', { scope: 'row' }, entry.name || ''), html('td', { class: 'number' }, entry.text || '')))))
      : '';

  const copyButton = (words) => {
    const button = html('button', { type: 'button', class: 'copy' }, 'Copy');
    button.addEventListener('click', async () => {
      let done = false;
      try {
        await navigator.clipboard.writeText(words);
        done = true;
      } catch (error) {
        // Not allowed here: select it, so that the user's own keys copy it.
        const code = button.parentElement.querySelector('code');
        getSelection().selectAllChildren(code);
        done = document.execCommand('copy');
      }
      button.textContent = done ? 'Copied' : 'Selected';
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    });
    return button;
  };

  const command = (label, words) =>
    words ? html('div', {}, html('p', { class: 'reason' }, label), html('div', { class: 'command' }, html('code', {}, words), copyButton(words))) : '';

  const related = (m) =>
    m.related && m.related.length > 0
      ? html('table', { class: 'figures' }, html('caption', {}, 'Counts and times of the same benchmark'),
        html('tbody', {}, ...m.related.map((index) => {
          const other = measurements[index];
          return html('tr', {}, html('th', { scope: 'row' }, html('a', { href: addressOf({ ...state, m: other.name }) }, other.title || other.name)),
            html('td', { class: 'number' }, withUnit(other.median || 0, other.unit)), html('td', {}, wordOf(other.verdict)));
        })))
      : '';

  const hasValues = (m) => m.current && m.current.values && m.current.values.length > 0;

  const panel = (m) => {
    const limits = (m.limits || []).map((limit) => {
      const verdict = limit.met ? '\u2713 Requirement met' : limit.noise ? '? Requirement unresolved' : '\u2717 Requirement missed';
      return html('li', {}, `${verdict}: ${limit.text || ''}.${limit.noise ? ` Noisy: ${limit.noise}.` : ''}${limit.why ? ` ${limit.why}` : ''}`);
    });
    const pictures = [];
    if (m.ratio > 0) pictures.push(drawRatio(m));
    if (hasValues(m)) pictures.push(drawDistribution(m));
    if (m.growth && m.growth.values) pictures.push(drawGrowth(m));
    if (m.trend && m.trend.medians) pictures.push(drawTrend(m));
    if (pictures.length === 0) pictures.push(html('p', { class: 'note' }, 'There is nothing to draw: it has no samples in this run.'));
    const close = html('button', { type: 'button', class: 'close', 'aria-label': 'Close this measurement' }, 'Close');
    close.addEventListener('click', () => go({ ...state, m: '' }));
    return html('div', { class: `panel v-${m.verdict}`, role: 'region', 'aria-label': m.title || m.name },
      close,
      html('div', { class: 'words' },
        html('h3', {}, 'How the verdict came about'),
        html('ul', { class: 'reasons' }, ...(m.reasons || []).map((reason) => html('li', {}, reason)), ...limits),
        command('Measure it again, alone:', m.command),
        command('See its whole history:', m.history_command),
        table('This run', m.figures),
        table('Side figures', m.counters),
        related(m),
        html('p', { class: 'note' }, html('code', {}, m.name), m.target ? ' of ' : '', m.target ? html('code', {}, m.target) : ''),
        ownersOf(m).length > 0 ? html('p', { class: 'note' }, `Owned by ${ownersOf(m).join(', ')}.`) : ''),
      html('div', { class: 'pictures' }, ...pictures),
      explanation(m));
  };

  // --- What is shown ---

  const kinds = ['component', 'owner', 'kind', 'verdict', 'name', 'm'];
  const words = {
    red: 'red', yellow: 'yellow', improved: 'improved', unresolved: 'unresolved', missing: 'missing', stable: 'stable', accepted: 'accepted',
    'no-baseline': 'without baseline', 'not-comparable': 'not comparable', noisy: 'noisy', 'requirement-missed': 'requirement missed',
  };
  const wordOf = (key) => words[key] || key;
  const hasVerdict = (m, key) =>
    key === '' || m.verdict === key || (key === 'noisy' && Boolean(m.noise)) || (key === 'requirement-missed' && Boolean(m.misses_requirement));

  let state = {};
  let opened = null;

  const readAddress = () => {
    const found = { component: '', owner: '', kind: '', verdict: '', name: '', m: '' };
    for (const part of location.hash.slice(1).split('&')) {
      const equals = part.indexOf('=');
      const key = part.slice(0, equals);
      if (equals < 0 || !kinds.includes(key)) continue;
      try {
        found[key] = decodeURIComponent(part.slice(equals + 1));
      } catch (error) {
        // A percent sign that encodes nothing was meant as it is.
        found[key] = part.slice(equals + 1);
      }
    }
    return found;
  };
  const addressOf = (target) =>
    `#${kinds.filter((key) => target[key]).map((key) => `${key}=${encodeURIComponent(target[key]).replace(/%2F/g, '/').replace(/%3A/g, ':')}`).join('&')}`;

  const go = (target) => {
    if (addressOf(target) === (location.hash || '#')) return;
    // Not by location.hash, after which the browser would scroll to the row itself.
    history.pushState(null, '', addressOf(target));
    show();
  };

  const nameOf = (m) => `${m.name || ''}\n${m.title || ''}`.toLowerCase();
  const names = measurements.map(nameOf);
  const ownersOf = (m) => m.owners || [];
  const hasOwners = measurements.some((m) => ownersOf(m).length > 0);
  const matchesOthers = (m, i, wanted) =>
    (wanted.component === '' || m.component === wanted.component) && (wanted.owner === '' || ownersOf(m).includes(wanted.owner)) &&
    (wanted.kind === '' || m.kind === wanted.kind) &&
    (wanted.name === '' || names[i].includes(wanted.name.toLowerCase()));

  const close = () => {
    if (!opened) return;
    opened.detail.remove();
    opened.link.setAttribute('aria-expanded', 'false');
    opened.row.classList.remove('open');
    opened = null;
  };

  const linkOf = (row) => row.querySelector('th a');

  const open = (i) => {
    const row = rows[i];
    const detail = html('tr', { class: 'detail' }, html('td', { colspan: row.cells.length }, panel(measurements[i])));
    row.after(detail);
    row.classList.add('open');
    opened = { row, detail, link: linkOf(row), index: i };
    opened.link.setAttribute('aria-expanded', 'true');
  };

  const show = () => {
    const before = state;
    state = readAddress();
    const filtered = ['component', 'owner', 'kind', 'verdict', 'name'].some((key) => state[key] !== '');
    const counts = {};
    const seen = new Set();
    let shown = 0;
    let facets = 0;
    measurements.forEach((m, i) => {
      const others = matchesOthers(m, i, state);
      const match = others && hasVerdict(m, state.verdict);
      if (others) {
        ++facets;
        seen.add(m.name);
        for (const key of Object.keys(words)) if (hasVerdict(m, key)) counts[key] = (counts[key] || 0) + 1;
      }
      if (match) ++shown;
      // A measurement that the address opens is shown whatever the filters say.
      rows[i].hidden = !match && m.name !== state.m;
    });

    // The summary counts what the other filters show, so that each count says what a click on it finds.
    for (const link of document.querySelectorAll('a.count')) {
      const key = link.dataset.verdict;
      const count = key === '' ? facets : counts[key] || 0;
      link.querySelector('b').textContent = String(count);
      link.classList.toggle('none', count === 0 && key !== '');
      if (key === state.verdict) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
      link.href = addressOf({ ...state, verdict: key, m: '' });
    }
    let cards = 0;
    for (const item of document.querySelectorAll('[data-name]')) {
      item.hidden = !seen.has(item.dataset.name);
    }
    for (const card of document.querySelectorAll('.cards > .card')) if (!card.hidden) ++cards;
    const nothing = byId('needs-you-filtered');
    if (nothing) nothing.hidden = cards > 0;

    for (const key of ['component', 'owner', 'kind', 'verdict']) {
      const select = byId(`filter-${key}`);
      // What the address asks for is shown, even if there is none of it.
      if (state[key] && !Array.from(select.options).some((option) => option.value === state[key])) {
        select.append(html('option', { value: state[key] }, wordOf(state[key])));
      }
      select.value = state[key];
    }
    // Without owners there is nothing to choose, unless an address asks for one.
    byId('owner-label').hidden = !hasOwners && state.owner === '';
    const nameField = byId('filter-name');
    if (nameField.value !== state.name) nameField.value = state.name;
    byId('filter-clear').disabled = !filtered;
    byId('shown').textContent = filtered ? `${shown} of ${measurements.length} shown` : '';

    const wanted = state.m === '' ? -1 : measurements.findIndex((m) => m.name === state.m);
    const messages = [];
    if (filtered && shown === 0) messages.push('No measurement matches the filters.');
    if (state.m !== '' && wanted < 0) messages.push(`This report has no measurement \u201C${state.m}\u201D.`);
    byId('no-match').textContent = messages.join(' ');
    byId('no-match').hidden = messages.length === 0;
    if (filtered || wanted >= 0) byId('all').open = true;

    if (opened && opened.index !== wanted) close();
    if (wanted >= 0 && !opened) {
      open(wanted);
      if (before.m !== state.m) {
        opened.row.scrollIntoView({ block: 'start' });
        opened.link.focus({ preventScroll: true });
      }
    }
  };

  // --- What the user does ---

  const prepare = () => {
    const addOptions = (id, values, word) => {
      for (const value of [...new Set(values)].filter(Boolean)) byId(id).append(html('option', { value }, word(value)));
    };
    addOptions('filter-component', measurements.map((m) => m.component).sort(), (value) => value);
    addOptions('filter-owner', measurements.flatMap(ownersOf).sort(), (value) => value);
    addOptions('filter-kind', measurements.map((m) => m.kind).sort(), (value) => value);
    addOptions('filter-verdict', Object.keys(words).filter((key) => measurements.some((m) => hasVerdict(m, key))), wordOf);
    for (const key of ['component', 'owner', 'kind', 'verdict']) {
      byId(`filter-${key}`).addEventListener('change', (event) => go({ ...state, [key]: event.target.value }));
    }
    byId('filter-name').addEventListener('input', (event) => {
      // Each letter is no step to go back to.
      history.replaceState(null, '', addressOf({ ...state, name: event.target.value }));
      show();
    });
    byId('filter-clear').addEventListener('click', () => go({ component: '', owner: '', kind: '', verdict: '', name: '', m: state.m }));
    byId('filters').addEventListener('submit', (event) => event.preventDefault());
    byId('filters').hidden = false;
    byId('keys').hidden = false;

    rows.forEach((row, i) => {
      const m = measurements[i];
      if (m.ratio > 0) row.querySelector('td.glyph').append(glyph(m));
      const link = linkOf(row);
      link.setAttribute('role', 'button');
      link.setAttribute('aria-expanded', 'false');
      link.addEventListener('click', (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go({ ...state, m: opened && opened.index === i ? '' : m.name });
      });
      // A role of button asks for the space bar, too.
      link.addEventListener('keydown', (event) => {
        if (event.key !== ' ') return;
        event.preventDefault();
        link.click();
      });
    });
    // The table is what such a link is about, and may be far below it.
    document.addEventListener('click', (event) => {
      const link = event.target.closest('a[href^="#verdict="], a[href^="#component="], a[href^="#owner="]');
      if (link) setTimeout(() => byId('measurements').scrollIntoView({ block: 'start' }));
    });
    const index = new Map(measurements.map((m, i) => [m.name, i]));
    for (const card of document.querySelectorAll('.cards > .card[data-name]')) {
      const m = measurements[index.get(card.dataset.name)];
      const change = card.querySelector('.change');
      if (m && m.ratio > 0 && change) change.after(glyph(m));
    }
    for (const block of document.querySelectorAll('.command')) block.append(copyButton(block.querySelector('code').textContent));
    for (const place of document.querySelectorAll('[data-chain]')) place.append(drawChain(data.chains[Number(place.dataset.chain)]));

    document.addEventListener('keydown', (event) => {
      const typing = event.target.matches && event.target.matches('input, select, textarea');
      if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        byId('filter-name').focus();
      } else if (event.key === 'Escape' && event.target === byId('filter-name') && event.target.value !== '') {
        event.preventDefault();
        go({ ...state, name: '' });
      } else if (event.key === 'Escape' && opened) {
        const { link } = opened;
        go({ ...state, m: '' });
        link.focus();
      }
    });
    addEventListener('hashchange', show);
  };

  prepare();
  show();
})();
