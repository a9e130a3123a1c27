// What each chart looks like, by Apache ECharts, drawn on a canvas: a strict content security policy
// forbids the style attributes of its other renderer.

import {h, clean} from './dom.js';
import {three, megabytes, mebibytes, gigamacs, known} from './figures.js';

const echarts = window.echarts;

const PALETTES = {
  light: {
    groups: ['#0067b1', '#d1560a', '#008a63', '#b4508f', '#a87900', '#2a9fd6', '#6b4fb3', '#7a7a7a'],
    ways: ['#2f7ebc', '#d1762a'], parties: ['#3b6fb6', '#e0a030', '#8d8d99'],
  },
  dark: {
    groups: ['#58b2f5', '#ff8f4a', '#35c79b', '#e48bc2', '#e3b341', '#8fd6ff', '#ab93f0', '#b0b6bd'],
    ways: ['#58a6e6', '#f0a060'], parties: ['#5c93dd', '#e8b350', '#9a9aa6'],
  },
};
export const PARTIES = ['devices', 'body', 'coordinator'];
export const WAYS = ['down, to devices', 'up, from devices'];

const darkQuery = window.matchMedia('(prefers-color-scheme: dark)');
const drawn = new Set();

export function dark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : darkQuery.matches;
}

export function palette(name) {
  return PALETTES[dark() ? 'dark' : 'light'][name];
}

/** Colours have changed: everything is drawn again. */
export function recolour() {
  drawn.forEach(chart => chart.draw());
}
darkQuery.addEventListener('change', recolour);
window.addEventListener('beforeprint', recolour);

/** A chart in a page. It follows its width and the colours until the page is left. */
export class Chart {
  /** @param label what a reader who does not see it is told; the tables have the numbers */
  constructor(label, height, signal) {
    this.element = h('div', {class: 'chart', role: 'img', 'aria-label': label});
    this.element.style.height = height + 'px';
    this.option = null;
    this.chart = null;
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.element);
    drawn.add(this);
    signal.addEventListener('abort', () => {
      drawn.delete(this);
      this.sizes.disconnect();
      if (this.chart) this.chart.dispose();
    });
  }

  /** @param option colours => an option of ECharts */
  show(option, label, height) {
    this.option = option;
    if (label) this.element.setAttribute('aria-label', label);
    if (height) this.element.style.height = height + 'px';
    this.draw();
  }

  resize() {
    if (!this.chart) this.draw();
    else this.chart.resize();
  }

  draw() {
    if (!this.option || !this.element.isConnected || this.element.clientWidth === 0) return;
    if (!this.chart) this.chart = echarts.init(this.element, null, {renderer: 'canvas'});
    this.chart.resize();
    this.chart.setOption(this.option(colours()), {notMerge: true});
  }
}

/** The colours of the page, as its style sheet says them. */
function colours() {
  const style = getComputedStyle(document.body);
  const of = name => style.getPropertyValue(name).trim();
  return Object.assign({ink: style.color, font: style.fontFamily}, PALETTES[dark() ? 'dark' : 'light'],
    {soft: of('--chart-soft'), line: of('--chart-line'), paper: of('--chart-paper')});
}

/** The keys of a chart, as text with a colour before it. */
export function legend(names, tints, shapes) {
  return h('ul', {class: 'legend'}, names.map((name, i) => {
    const key = h('i', {class: 'key', 'aria-hidden': 'true'});
    key.style.background = tints[i % tints.length];
    if (shapes) key.classList.add(shapes[i]);
    return h('li', null, key, h('bdi', null, clean(name, 60)));
  }));
}

/** What a tooltip says; text only. */
function tip(heading, lines) {
  return h('div', {class: 'tip'}, h('b', null, clean(heading, 120)), lines.map(line => h('div', null, clean(line, 200))));
}

function tick(value) {
  return value.toLocaleString('en-US', {maximumSignificantDigits: 6});
}

function base(t, trigger) {
  return {
    animation: false,
    textStyle: {fontFamily: t.font, color: t.ink},
    grid: {left: 4, right: 20, top: 26, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'all'},
    tooltip: {confine: true, backgroundColor: t.paper, borderColor: t.line, textStyle: {color: t.ink, fontSize: 13}, trigger: trigger || 'item', axisPointer: {type: 'shadow', shadowStyle: {opacity: 0.12}}},
  };
}

function below(t, name, more) {
  return Object.assign({
    type: 'value', name, nameLocation: 'middle', nameGap: 28, nameTextStyle: {color: t.soft, fontSize: 12},
    axisLabel: {color: t.soft, hideOverlap: true, formatter: tick}, axisLine: {show: true, lineStyle: {color: t.line}},
    axisTick: {show: false}, splitLine: {show: false},
  }, more);
}

function beside(t, name, more) {
  return Object.assign({
    type: 'value', name, nameLocation: 'end', nameTextStyle: {color: t.soft, fontSize: 12, align: 'left'}, scale: true,
    axisLabel: {color: t.soft, hideOverlap: true, formatter: tick}, axisLine: {show: false}, axisTick: {show: false},
    splitLine: {lineStyle: {color: t.line, opacity: 0.6}},
  }, more);
}

/** The axis of a share: where the next tick could pass 1, it ends there. */
const SHARE = {max: seen => seen.max > 1 - 0.4 * (seen.max - seen.min || 1) ? 1 : null};

/** A band of one standard error around a curve. */
function band(points, x, tint) {
  const sure = points.filter(p => known(p.error));
  return {
    type: 'custom', silent: true, z: 1, clip: true, tooltip: {show: false},
    data: sure.flatMap(p => [[x(p), p.y - p.error], [x(p), p.y + p.error]]),
    renderItem: (params, api) => params.dataIndex > 0 || sure.length < 2 ? null : {
      type: 'polygon',
      shape: {points: sure.map(p => api.coord([x(p), p.y + p.error])).concat(sure.map(p => api.coord([x(p), p.y - p.error])).reverse())},
      style: {fill: tint, opacity: 0.16},
    },
  };
}

/**
 * Curves over an axis.
 *
 * @param groups [{name, points: [{x, y, error, bytes, macs}]}]
 * @param more {x: point => place, below: its axis' name, beside, share, log, format, rounds}
 */
export function curves(groups, more) {
  const x = more.x || (p => p.x);
  return t => {
    const series = groups.flatMap((group, index) => {
      const tint = t.groups[index % t.groups.length];
      const line = {
        type: 'line', name: group.name, z: 3, symbol: 'circle', symbolSize: group.points.length > 40 ? 3 : 6,
        lineStyle: {color: tint, width: 2, type: ['solid', 'dashed', 'dotted'][Math.floor(index / t.groups.length) % 3]},
        itemStyle: {color: tint},
        data: group.points.map(p => ({value: [x(p), p.y], point: p})),
        tooltip: {formatter: item => tip(groups.length > 1 ? group.name : 'after round ' + item.data.point.x, [
          ...(groups.length > 1 ? ['after round ' + item.data.point.x] : []),
          more.beside + ': ' + more.format(item.data.point.y) + (known(item.data.point.error) ? ' ± ' + more.format(item.data.point.error) : ''),
          three(megabytes(item.data.point.bytes)) + ' MB so far',
        ])},
      };
      return more.share ? [band(group.points, x, tint), line] : [line];
    });
    const all = groups.flatMap(g => g.points.map(x)).filter(v => v > 0);
    const range = more.log && all.length > 0 && Math.max(...all) / Math.min(...all) > 100
      ? {type: 'log', name: more.below + ' (logarithmic)', min: Math.min(...all) * 0.8, max: Math.max(...all) * 1.25,
        axisLabel: {color: t.soft, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: tick}}
      : {min: 0};
    if (more.rounds) Object.assign(range, {minInterval: 1, max: Math.max(more.rounds, ...all)});
    return Object.assign(base(t), {
      xAxis: below(t, more.below, range), yAxis: beside(t, more.beside, more.share ? SHARE : {}), series,
    });
  };
}

/** Bars by round, stacked or side by side, the latter as curves where they are many: parts is [[name, round => value], …]. */
export function byRound(rounds, parts, tints, unit, stacked, xRounds) {
  const shown = rounds.map(round => String(round.index + 1));
  for (let i = rounds.length; i < xRounds && xRounds <= 60; i++) shown.push(String(i + 1));
  const many = shown.length > 30;
  return t => Object.assign(base(t, 'axis'), {
    tooltip: Object.assign(base(t, 'axis').tooltip, {formatter: items => tip('round ' + items[0].name, items.filter(item => known(item.value))
      .map(item => item.seriesName + ': ' + three(item.value) + ' ' + unit))}),
    xAxis: {
      type: 'category', data: shown, name: 'round', nameLocation: 'middle', nameGap: 28, nameTextStyle: {color: t.soft, fontSize: 12},
      axisLabel: {color: t.soft, hideOverlap: true}, axisTick: {show: false}, axisLine: {lineStyle: {color: t.line}},
    },
    yAxis: beside(t, unit, {scale: false, min: 0}),
    series: parts.map(([name, value], i) => many && !stacked ? {
      type: 'line', name, symbol: 'none', lineStyle: {color: t[tints][i], width: 2}, itemStyle: {color: t[tints][i]},
      data: rounds.map(round => value(round) > 0 ? value(round) : null),
    } : {
      type: 'bar', name, stack: stacked ? 'all' : undefined, barMaxWidth: 30, barCategoryGap: '24%',
      itemStyle: {color: t[tints][i], borderColor: t.paper, borderWidth: stacked && !many ? 1 : 0},
      data: rounds.map(round => value(round) > 0 ? value(round) : null),
    }),
  });
}

/** One row a topic: what went down and what went up. */
export function topicBars(topics, narrow) {
  return t => Object.assign(base(t, 'axis'), {
    grid: Object.assign(base(t).grid, {top: 4, right: 56}),
    tooltip: Object.assign(base(t, 'axis').tooltip, {formatter: items => tip(topics[items[0].dataIndex].name,
      items.map(item => item.seriesName + ': ' + three(item.value) + ' MB'))}),
    xAxis: below(t, 'MB', {min: 0, splitLine: {show: true, lineStyle: {color: t.line, opacity: 0.6}}}),
    yAxis: {
      type: 'category', inverse: true, data: topics.map(topic => clean(topic.name, 40)), axisTick: {show: false}, axisLine: {lineStyle: {color: t.line}},
      axisLabel: {color: t.ink, fontSize: 12, width: narrow ? 104 : 160, overflow: 'truncate', interval: 0},
    },
    series: WAYS.map((name, i) => ({
      type: 'bar', stack: 'all', name, barMaxWidth: 22, itemStyle: {color: t.ways[i], borderColor: t.paper, borderWidth: 1},
      data: topics.map(topic => megabytes(i === 0 ? topic.down : topic.up)),
      label: i === 0 ? {show: false} : {show: true, position: 'right', color: t.soft, fontSize: 11,
        formatter: item => three(megabytes(topics[item.dataIndex].down + topics[item.dataIndex].up))},
    })),
  });
}

export const macParts = [
  ['devices', round => gigamacs(round.macs.device)], ['body', round => gigamacs(round.macs.body)],
  ['coordinator', round => gigamacs(round.macs.coordinator)]];
export const peakParts = [
  ['devices', round => mebibytes(round.peaks.device)], ['body', round => mebibytes(round.peaks.body)],
  ['coordinator', round => mebibytes(round.peaks.coordinator)]];
export const wayParts = [[WAYS[0], round => megabytes(round.down)], [WAYS[1], round => megabytes(round.up)]];
