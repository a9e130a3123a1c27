'use strict';
// What each chart looks like: functions from the page's data to options of Apache ECharts.

const PALETTES = {
  light: {
    groups: ['#0067b1', '#d1560a', '#008a63', '#b4508f', '#a87900', '#2a9fd6', '#6b4fb3', '#7a7a7a', '#8c2d19'],
    topics: ['#4e79a7', '#f28e2b', '#59a14f', '#e15759', '#76b7b2', '#b6992d', '#b07aa1', '#9c755f', '#ff9da7', '#8a8f98'],
    parties: ['#3b6fb6', '#e0a030', '#8d8d99'],
    times: ['#2f7ebc', '#e69f2e', '#c9ced6'],
    lost: '#c00020', heat: ['#f2f5f9', '#9dc3e6', '#2f7ebc', '#0a3a6b'],
  },
  dark: {
    groups: ['#58b2f5', '#ff8f4a', '#35c79b', '#e48bc2', '#e3b341', '#8fd6ff', '#ab93f0', '#b0b6bd', '#d98672'],
    topics: ['#6d9bcb', '#f5a352', '#76bf6b', '#ec7b7d', '#8fd0cb', '#d0b750', '#c79ab9', '#b8927c', '#ffb4bc', '#9aa1ab'],
    parties: ['#5c93dd', '#e8b350', '#9a9aa6'],
    times: ['#4d9ddb', '#efb04c', '#4a525c'],
    lost: '#ff6b7d', heat: ['#1d232a', '#24506f', '#3f92c9', '#bfe3ff'],
  },
};
const PARTIES = ['devices', 'body', 'coordinator'];
const TIMES = ['computing', 'transferring', 'waiting'];
const DASHES = ['solid', 'dashed', 'dotted'];

/** Three digits that tell, thousands set apart. */
function three(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  const digits = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toLocaleString('en-US', {minimumFractionDigits: digits, maximumFractionDigits: digits});
}

/** A tick of an axis: no needless zeros. */
function tick(value) {
  return value.toLocaleString('en-US', {maximumSignificantDigits: 6});
}

/** A label that takes three lines of a narrow axis at most. */
function short(label) {
  const most = window.innerWidth < 700 ? 26 : 42;
  return label.length > most ? label.slice(0, most - 1) + '…' : label;
}

/** Text for a tooltip, which is markup. */
function escapeText(text) {
  return String(text).replace(/[&<>"']/g, c => ({'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'})[c]);
}

/** Lines for a tooltip: the first is a heading. */
function tip(heading, lines) {
  return '<b>' + escapeText(heading) + '</b>' + lines.map(line => '<br>' + escapeText(line)).join('');
}

function theme(dark) {
  const style = getComputedStyle(document.documentElement);
  const of = name => style.getPropertyValue(name).trim();
  return Object.assign({ink: of('--ink'), soft: of('--soft'), line: of('--line'), paper: of('--paper'), faint: of('--faint')},
    PALETTES[dark ? 'dark' : 'light']);
}

function colour(list, index) {
  return list[index % list.length];
}

function base(t) {
  return {
    animation: false,
    textStyle: {fontFamily: getComputedStyle(document.body).fontFamily, color: t.ink},
    grid: {left: 4, right: 18, top: 30, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'all'},
    tooltip: {confine: true, backgroundColor: t.paper, borderColor: t.line, textStyle: {color: t.ink, fontSize: 13}, trigger: 'item'},
  };
}

function axis(t, more) {
  return Object.assign({
    nameTextStyle: {color: t.soft, fontSize: 12},
    axisLabel: {color: t.soft, hideOverlap: true, formatter: tick},
    axisLine: {show: true, lineStyle: {color: t.line}},
    axisTick: {show: false},
    splitLine: {lineStyle: {color: t.line, opacity: 0.6}},
  }, more);
}

function below(t, name, more) {
  return axis(t, Object.assign({type: 'value', name, nameLocation: 'middle', nameGap: 28, splitLine: {show: false}}, more));
}

function beside(t, name, more) {
  return axis(t, Object.assign({
    type: 'value', name, nameLocation: 'end', nameTextStyle: {color: t.soft, fontSize: 12, align: 'left'}, scale: true, axisLine: {show: false},
  }, more));
}

/** The axis of a share: where the next tick could pass 1, it ends there. */
const SHARE = {max: seen => seen.max > 1 - 0.4 * (seen.max - seen.min || 1) ? 1 : null};

/** A band of half a width around a curve. */
function band(points, x, y, width, tint) {
  const known = points.filter(p => p[x] !== null && p[y] !== null && p[width] !== null);
  return {
    type: 'custom', silent: true, z: 1, clip: true, tooltip: {show: false},
    data: known.flatMap(p => [[p[x], p[y] - p[width]], [p[x], p[y] + p[width]]]),
    encode: {x: 0, y: 1},
    renderItem: (params, api) => params.dataIndex > 0 || known.length < 2 ? null : {
      type: 'polygon',
      shape: {points: known.map(p => api.coord([p[x], p[y] + p[width]]))
        .concat(known.map(p => api.coord([p[x], p[y] - p[width]])).reverse())},
      style: {fill: tint, opacity: 0.16},
    },
  };
}

/** One curve a group, the band around it, and thin curves for its seeds. */
function curves(data, t, x, y, width, describe) {
  const series = [];
  data.groups.forEach((group, index) => {
    const tint = colour(t.groups, index);
    const dash = DASHES[Math.floor(index / t.groups.length) % DASHES.length];
    const points = group.curve.filter(p => p[y] !== null && p[x] !== null);
    if (width) series.push(band(points, x, y, width, tint));
    group.runs.forEach(run => series.push({
      type: 'line', silent: true, showSymbol: false, z: 2, tooltip: {show: false},
      data: run.filter(p => p[y] !== null).map(p => [p[x], p[y]]), lineStyle: {color: tint, width: 1, opacity: 0.4},
    }));
    series.push({
      type: 'line', name: group.label, z: 3, symbol: 'circle', symbolSize: points.length > 30 ? 3 : 6,
      data: points.map(p => ({value: [p[x], p[y]], point: p})),
      itemStyle: {color: tint}, lineStyle: {color: tint, width: 2.2, type: dash},
      tooltip: {formatter: item => tip(group.label, describe(item.data.point))},
    });
  });
  return series;
}

function describePoint(p) {
  const error = p.accuracyBand === null ? '' : ' ± ' + p.accuracyBand.toFixed(3);
  return [p.x === 0 ? 'before the first round' : 'after round ' + p.x,
    'accuracy ' + (p.accuracy === null ? '–' : p.accuracy.toFixed(3) + error),
    'loss ' + three(p.loss), three(p.megabytes) + ' MB so far'];
}

function accuracyChart(data, t) {
  return Object.assign(base(t), {
    xAxis: below(t, 'rounds done', {minInterval: 1}),
    yAxis: beside(t, 'accuracy (share right)', SHARE),
    series: curves(data, t, 'x', 'accuracy', 'accuracyBand', describePoint),
  });
}

function lossChart(data, t) {
  return Object.assign(base(t), {
    xAxis: below(t, 'rounds done', {minInterval: 1}),
    yAxis: beside(t, 'loss (nats)'),
    series: curves(data, t, 'x', 'loss', 'lossBand', describePoint),
  });
}

function trafficChart(data, t) {
  const all = data.groups.flatMap(g => g.curve.map(p => p.megabytes)).filter(v => v > 0);
  const ends = data.groups.map(g => Math.max(0, ...g.curve.map(p => p.megabytes))).filter(v => v > 0);
  const log = ends.length > 1 && Math.max(...ends) > 8 * Math.min(...ends);
  const shown = Object.assign({}, data);
  if (log) {
    // Nothing sent has no place on a logarithmic scale.
    shown.groups = data.groups.map(g => Object.assign({}, g, {
      curve: g.curve.filter(p => p.megabytes > 0), runs: g.runs.map(r => r.filter(p => p.megabytes > 0))}));
  }
  const range = {type: 'log', axisLabel: {color: t.soft, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: tick}, min: Math.min(...all) * 0.8, max: Math.max(...all) * 1.25};
  return Object.assign(base(t), {
    xAxis: below(t, 'traffic so far, MB' + (log ? ' (logarithmic)' : ''), log ? range : {}),
    yAxis: beside(t, 'accuracy (share right)', SHARE),
    series: curves(shown, t, 'megabytes', 'accuracy', null, describePoint),
  });
}

/** Horizontal bars, one row a group; the label of a row ends in its total where it is stacked. */
function bars(data, t, field, names, tints, unit, stacked) {
  const narrow = window.innerWidth < 700;
  const totals = data.groups.map(g => g[field].reduce((sum, v) => sum + (v || 0), 0));
  const labels = data.groups.map((g, i) => stacked ? short(g.label) + '\n' + three(totals[i]) + ' ' + unit : short(g.label));
  const option = Object.assign(base(t), {
    xAxis: below(t, unit, {splitLine: {show: true, lineStyle: {color: t.line, opacity: 0.6}}, min: 0, max: unit === '%' ? 100 : undefined}),
    yAxis: {
      type: 'category', inverse: true, data: labels, axisTick: {show: false}, axisLine: {lineStyle: {color: t.line}},
      axisLabel: {color: t.ink, fontSize: 12, lineHeight: 16, width: narrow ? 104 : 150, overflow: 'break', interval: 0},
    },
    series: names.map((name, index) => ({
      type: 'bar', name, stack: stacked ? 'all' : undefined, barMaxWidth: stacked ? 28 : 14, barGap: '20%',
      itemStyle: {color: colour(tints, index), borderColor: t.paper, borderWidth: stacked ? 1 : 0},
      data: data.groups.map(g => g[field][index]),
      label: {show: !stacked, position: 'right', color: t.soft, fontSize: 11, formatter: item => item.value > 0 ? three(item.value) : 'none'},
      tooltip: {formatter: item => tip(data.groups[item.dataIndex].label, [name + ': ' + three(item.value) + ' ' + unit]
        .concat(stacked && totals[item.dataIndex] > 0 ? [(100 * item.value / totals[item.dataIndex]).toFixed(1) + ' % of ' + three(totals[item.dataIndex]) + ' ' + unit] : []))},
    })),
  });
  option.grid.top = 4;
  return option;
}

/** Like {@link bars}, each row scaled to 100. */
function shares(data, t, field, names, tints) {
  const scaled = data.groups.map(g => {
    const sum = g[field].reduce((total, v) => total + v, 0);
    return {label: g.label, parts: g[field].map(v => sum > 0 ? 100 * v / sum : 0)};
  });
  const option = bars({groups: scaled}, t, 'parts', names, tints, '%', true);
  option.yAxis.data = scaled.map(g => short(g.label));
  option.series.forEach((series, index) => {
    series.tooltip = {formatter: item => tip(scaled[item.dataIndex].label, [names[index] + ': ' + item.value.toFixed(1) + ' %'])};
    series.label = {show: true, position: 'inside', color: '#fff', textBorderColor: 'rgba(0,0,0,.6)', textBorderWidth: 2.5, fontSize: 12,
      formatter: item => item.value >= 7 ? Math.round(item.value) + ' %' : ''};
  });
  return option;
}

function timelineChart(run, t) {
  const names = run.devices.map(d => 'device ' + d);
  const starts = new Map(run.rounds);
  const bar = (params, api) => {
    const row = api.value(0);
    const from = api.coord([api.value(1), row]);
    const until = api.coord([api.value(2), row]);
    const height = Math.max(3, api.size([0, 1])[1] * 0.66);
    const shape = echarts.graphic.clipRectByRect(
      {x: from[0], y: from[1] - height / 2, width: Math.max(1, until[0] - from[0]), height},
      {x: params.coordSys.x, y: params.coordSys.y, width: params.coordSys.width, height: params.coordSys.height});
    return shape && {type: 'rect', shape, style: {fill: api.visual('color')}};
  };
  const pieces = TIMES.map((name, kind) => ({name, kind, data: []}));
  run.visits.forEach(visit => {
    const [row, round, start, end, transfer, compute, wait] = visit;
    const parts = [compute, transfer, wait];
    const sum = parts[0] + parts[1] + parts[2];
    // Parts that overlap are longer than the visit together: shrink them to it.
    const scale = sum > 0 ? Math.min(1, (end - start) / sum) : 0;
    let at = start;
    [1, 0, 2].forEach(kind => {
      const length = parts[kind] * scale;
      if (length > 0) pieces[kind].data.push([row, at, at + length, round, start, end, compute, transfer, wait]);
      at += length;
    });
  });
  const series = pieces.map(piece => ({
    type: 'custom', name: piece.name, renderItem: bar, clip: true, encode: {x: [1, 2], y: 0}, data: piece.data,
    itemStyle: {color: t.times[piece.kind]},
    tooltip: {formatter: item => {
      const v = item.value;
      return tip(names[v[0]] + ', round ' + v[3], [three(v[5] - v[4]) + ' s from ' + three(v[4]) + ' s',
        'computing ' + three(v[6]) + ' s', 'transferring ' + three(v[7]) + ' s', 'waiting ' + three(v[8]) + ' s']);
    }},
  }));
  series.push({
    type: 'scatter', name: 'lost', symbol: 'diamond', symbolSize: 11, z: 5,
    itemStyle: {color: t.lost, borderColor: t.paper, borderWidth: 1},
    data: run.lost.map(([row, round, reason]) => ({value: [starts.get(round) || 0, row], round, reason})),
    tooltip: {formatter: item => tip(names[item.value[1]] + ', round ' + item.data.round, ['lost: ' + item.data.reason])},
  });
  const step = Math.ceil(run.rounds.length / (window.innerWidth < 700 ? 6 : 24));
  series.push({
    type: 'line', data: [], silent: true,
    markLine: {
      silent: true, symbol: 'none', precision: 15, lineStyle: {color: t.soft, type: 'solid', width: 1, opacity: 0.55},
      label: {position: 'start', color: t.soft, fontSize: 11, formatter: item => item.name},
      data: run.rounds.map(([round, at], i) => ({xAxis: at, name: i % step === 0 ? String(round) : ''})),
    },
  });
  const option = Object.assign(base(t), {
    xAxis: below(t, 'virtual time, s', {min: 0, max: run.end || undefined, axisLabel: {color: t.soft, hideOverlap: true, showMaxLabel: false, formatter: tick}}),
    yAxis: {
      type: 'category', inverse: true, data: run.devices.map(String), axisTick: {show: false}, axisLine: {lineStyle: {color: t.line}},
      axisLabel: {color: t.soft, fontSize: 11, interval: 0}, splitLine: {show: true, lineStyle: {color: t.line, opacity: 0.5}},
    },
    series,
  });
  option.grid.top = 26;
  return option;
}

function partitionBars(part, t) {
  return Object.assign(base(t), {
    xAxis: {
      type: 'category', data: part.columns.map(c => c.name.replace('device ', '')), name: 'device', nameLocation: 'middle', nameGap: 28,
      nameTextStyle: {color: t.soft, fontSize: 12}, axisTick: {show: false}, axisLine: {lineStyle: {color: t.line}}, axisLabel: {color: t.soft, hideOverlap: true},
    },
    yAxis: beside(t, 'examples', {scale: false}),
    series: part.classes.map((name, index) => ({
      type: 'bar', stack: 'all', name, barCategoryGap: '18%', itemStyle: {color: colour(t.topics, index)},
      data: part.columns.map(c => c.counts[index]),
      tooltip: {formatter: item => tip(part.columns[item.dataIndex].name, [name + ': ' + item.value.toLocaleString('en-US'),
        'all: ' + part.columns[item.dataIndex].counts.reduce((a, b) => a + b, 0).toLocaleString('en-US')])},
    })),
  });
}

function partitionHeat(part, t) {
  const cells = [];
  part.columns.forEach((column, x) => {
    const sum = column.counts.reduce((a, b) => a + b, 0);
    column.counts.forEach((count, y) => cells.push([x, y, sum === 0 ? 0 : 100 * count / sum, count]));
  });
  const option = Object.assign(base(t), {
    xAxis: {
      type: 'category', data: part.columns.map(c => c.name), name: part.devices > 60 ? 'devices, those with the same main class side by side' : 'devices',
      nameLocation: 'middle', nameGap: 10, nameTextStyle: {color: t.soft, fontSize: 12}, axisTick: {show: false}, axisLine: {show: false}, axisLabel: {show: false},
    },
    yAxis: {
      type: 'category', inverse: true, data: part.classes, axisTick: {show: false}, axisLine: {show: false},
      axisLabel: {color: t.ink, fontSize: 12, interval: 0, width: window.innerWidth < 700 ? 84 : 160, overflow: 'truncate'},
    },
    visualMap: {
      min: 0, max: 100, orient: 'horizontal', left: 'center', bottom: 0, itemWidth: 12, itemHeight: 140, calculable: false,
      text: ['100 % of its examples', '0 %'], textStyle: {color: t.soft, fontSize: 12}, inRange: {color: t.heat},
    },
    series: [{
      type: 'heatmap', data: cells, emphasis: {disabled: true}, itemStyle: {borderWidth: 0},
      tooltip: {formatter: item => tip(part.columns[item.value[0]].name, [part.classes[item.value[1]] + ': ' + item.value[2].toFixed(0) + ' %, ' + item.value[3].toLocaleString('en-US') + ' examples'])},
    }],
  });
  option.grid.bottom = 44;
  option.grid.top = 8;
  return option;
}
