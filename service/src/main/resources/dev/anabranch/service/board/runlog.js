// A run log added up, event by event, as it grows. The log is all that is known of a run's course.

import {Rewound} from './api.js';

const ORDER = ['resumed', 'broken', 'lost'];
const PARTY = /^(?:coordinator|(body|device) (\d{1,9}))$/;

/** Who bears a cost: {role: 'coordinator' | 'body' | 'device', index}; null if that is not said. */
function party(text) {
  const found = PARTY.exec(text);
  return found ? {role: found[1] || 'coordinator', index: Number(found[2] || 0)} : null;
}

function amount(value) {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : 0;
}

/** A number; what a diverged run writes as NaN or Infinity is none. */
function number(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : NaN;
}

function add(map, key, field, value) {
  const entry = map.get(key) || {down: 0, up: 0};
  entry[field] += value;
  map.set(key, entry);
}

/** One round. Its figures are those of the log so far. */
class Round {
  constructor(index) {
    this.index = index;
    this.cohort = [];
    this.begins = NaN;
    this.metrics = {};
    this.down = 0;
    this.up = 0;
    this.topics = new Map();
    this.macs = {device: 0, body: 0, coordinator: 0};
    this.peaks = {device: NaN, body: NaN, coordinator: NaN};
    this.visits = new Map();
    this.lost = new Map();
    this.attempts = new Map();
  }

  /** How many visits ended well. */
  get whole() {
    return [...this.visits.keys()].filter(device => !this.lost.has(device)).length;
  }

  metric(name) {
    return name in this.metrics ? this.metrics[name] : NaN;
  }
}

export class RunLog {
  constructor() {
    this.events = [];
    this.restart();
  }

  restart() {
    this.start = null;
    this.classes = [];
    this.rounds = new Map();
    this.topics = new Map();
    this.nodeMacs = new Map();
    this.macs = {device: 0, body: 0, coordinator: 0};
    this.peaks = {device: NaN, body: NaN, coordinator: NaN};
    this.sent = new Map();
    this.lost = [];
    this.broken = []; // attempts that were tried again, or given up
    this.resumed = [];
    this.assigned = new Map();
    this.setup = 0;
    this.down = 0;
    this.up = 0;
    this.framing = 0;
    this.backbone = 0;
    this.queries = 0;
    this.done = 0;
    this.end = null;
    this.unread = 0;
    this.clock = 'wall';
    this.anchor = null; // the last line that a resumed run keeps: {index, text}
  }

  get lines() {
    return this.events.length;
  }

  /** Takes a line in. One that cannot be read is counted, and nothing else. */
  add(text) {
    let event = null;
    try {
      event = JSON.parse(text.replace(/:(?:NaN|-?Infinity)(?=[,}\]])/g, ':null'));
    } catch {
      this.unread++;
    }
    if (event === null || typeof event !== 'object') event = {kind: 'unread'};
    this.events.push(event);
    if (event.kind === 'checkpoint' || this.anchor === null) this.anchor = {index: this.events.length - 1, text};
    this.take(event);
  }

  /** Forgets every line from this one on: the run went back to a checkpoint. */
  cut(lines) {
    if (lines >= this.events.length) return;
    const kept = this.events.slice(0, lines);
    const anchor = this.anchor && this.anchor.index < lines ? this.anchor : null;
    this.events = kept;
    this.restart();
    this.anchor = anchor;
    kept.forEach(event => {
      if (event.kind === 'unread') this.unread++;
      this.take(event);
    });
  }

  round(index) {
    let round = this.rounds.get(index);
    if (!round) this.rounds.set(index, round = new Round(index));
    return round;
  }

  take(e) {
    const at = Number.isInteger(e.round) ? e.round : -1;
    switch (e.kind) {
      case 'run':
        this.start = e;
        this.classes = Array.isArray(e.classes) ? e.classes : [];
        break;
      case 'round': {
        const round = this.round(at);
        round.cohort = Array.isArray(e.cohort) ? e.cohort : [];
        round.begins = this.time(e.virtualSeconds, e.wallSeconds);
        break;
      }
      case 'install': this.setup += amount(e.bytes); break;
      case 'wire': this.wire(e, at); break;
      case 'compute': this.compute(e, at); break;
      case 'query': this.queries += amount(e.queries); break;
      case 'peak': {
        const role = (party(e.node) || {}).role;
        if (role) for (const peaks of [this.peaks, this.round(at).peaks]) peaks[role] = Math.max(peaks[role] || 0, amount(e.bytes));
        break;
      }
      case 'visit':
        this.round(at).visits.set(e.device, {
          from: this.time(e.virtualStart, e.wallStart), until: this.time(e.virtualEnd, e.wallEnd),
          compute: number(e.computeSeconds), transfer: number(e.transferSeconds), wait: number(e.waitSeconds)});
        break;
      case 'lost':
        this.round(at).lost.set(e.device, e);
        this.lost.push({round: at, device: e.device, attempt: e.attempt, reason: String(e.reason)});
        break;
      case 'attempt':
        this.round(at).attempts.set(e.device, {attempt: e.attempt, state: e.state, reason: e.reason, at: number(e.wallSeconds)});
        if (e.state === 'broken') this.broken.push({round: at, device: e.device, attempt: e.attempt, reason: String(e.reason)});
        break;
      case 'assign': this.assigned.set(e.device, String(e.agent)); break;
      case 'resumed':
        this.resumed.push({round: at, reason: e.reason});
        this.end = null;
        break;
      case 'metric': this.round(at).metrics[e.name] = number(e.value); break;
      case 'checkpoint': this.done = Math.max(this.done, Number.isInteger(e.nextRound) ? e.nextRound : at + 1); break;
      case 'end':
        this.end = {virtual: number(e.virtualSeconds), wall: number(e.wallSeconds), state: e.state, reason: e.reason};
        break;
      default: // kinds of later versions say nothing that is shown
    }
  }

  time(virtual, wall) {
    if (typeof virtual === 'number') this.clock = 'virtual';
    return number(typeof virtual === 'number' ? virtual : wall);
  }

  wire(e, at) {
    const from = party(e.from);
    const to = party(e.to);
    if (!from || !to) return;
    const payload = amount(e.payload);
    const topic = String(e.topic);
    if (from.role === 'device') {
      const key = from.index;
      if (!this.sent.has(key)) this.sent.set(key, []);
      this.sent.get(key).push({round: at, topic, payload, framing: amount(e.framing), messages: amount(e.messages), to: e.to});
    }
    if (from.role !== 'device' && to.role !== 'device') {
      this.backbone += payload;
      return;
    }
    // Between two devices the bytes leave one and reach the other: one line, charged once, upwards.
    const way = from.role === 'device' ? 'up' : 'down';
    const round = this.round(at);
    this[way] += payload;
    round[way] += payload;
    this.framing += amount(e.framing);
    add(this.topics, topic, way, payload);
    add(round.topics, topic, way, payload);
  }

  compute(e, at) {
    const who = party(e.node);
    if (!who) return;
    const macs = amount(e.macs);
    this.macs[who.role] += macs;
    this.round(at).macs[who.role] += macs;
    this.nodeMacs.set(e.node, (this.nodeMacs.get(e.node) || 0) + macs);
  }

  // What pages ask for

  /** Rounds from the first on, in order. */
  list() {
    return [...this.rounds.values()].filter(round => round.index >= 0).sort((a, b) => a.index - b.index);
  }

  /** The round that is under way, or was last; null before any. */
  current() {
    return this.list().at(-1) || null;
  }

  get total() {
    return this.down + this.up;
  }

  get busiest() {
    let most = 0;
    this.nodeMacs.forEach((macs, node) => {
      if (node.startsWith('device')) most = Math.max(most, macs);
    });
    return most;
  }

  /** Who attends for a device; undefined where the log does not say. */
  agent(device) {
    return this.assigned.get(device);
  }

  /** What went wrong and was borne, in order: visits lost, attempts broken, coordinators restarted. */
  incidents() {
    return [
      ...this.lost.map(each => ({...each, what: 'lost'})), ...this.broken.map(each => ({...each, what: 'broken'})),
      ...this.resumed.map(each => ({...each, what: 'resumed'})),
    ].sort((a, b) => a.round - b.round || ORDER.indexOf(a.what) - ORDER.indexOf(b.what));
  }

  /** The last value of a metric; NaN if it was never measured. */
  last(name) {
    const round = this.list().reverse().find(r => name in r.metrics);
    return round ? round.metrics[name] : NaN;
  }

  /** Points after each round with this metric: rounds done, and what it had cost by then. */
  curve(name) {
    let bytes = 0;
    let macs = 0;
    const points = [];
    for (const round of this.list()) {
      bytes += round.down + round.up;
      macs += round.macs.device;
      const value = round.metric(name);
      if (!Number.isNaN(value)) {
        points.push({x: round.index + 1, y: value, error: name === 'accuracy' ? round.metric('standardError') : NaN, bytes, macs});
      }
    }
    return points;
  }

  /** How long each round took, by the run's clock; NaN for the one under way. */
  lengths() {
    const list = this.list();
    const last = this.end ? (this.clock === 'virtual' ? this.end.virtual : this.end.wall) : NaN;
    return list.map((round, i) => (i + 1 < list.length ? list[i + 1].begins : last) - round.begins);
  }

  /** The greatest time known by the run's clock. */
  get seconds() {
    if (this.end) return this.clock === 'virtual' ? this.end.virtual : this.end.wall;
    let most = NaN;
    for (const round of this.rounds.values()) {
      if (round.begins >= 0) most = Math.max(Number.isNaN(most) ? 0 : most, round.begins);
      for (const visit of round.visits.values()) most = Math.max(Number.isNaN(most) ? 0 : most, visit.until);
    }
    return most;
  }

  /** Topics by what crossed, the largest first; what is over is put together. */
  byTopic(most = 9) {
    const all = [...this.topics].map(([name, ways]) => ({name, ...ways})).filter(topic => topic.down + topic.up > 0).sort((a, b) => b.down + b.up - a.down - a.up || (a.name < b.name ? -1 : 1));
    if (all.length <= most + 1) return all;
    const rest = all.slice(most);
    return all.slice(0, most).concat({name: 'other topics', down: sum(rest, 'down'), up: sum(rest, 'up')});
  }
}

function sum(list, field) {
  return list.reduce((total, entry) => total + entry[field], 0);
}

/**
 * Keeps a log at its coordinator's state through broken lines and restarts: asked again, it overlaps
 * by the last line that it is sure of, and starts over where that line has changed.
 */
export class Reader {
  constructor(log) {
    this.log = log;
    this.overlap = null;
  }

  from() {
    this.overlap = this.log.anchor;
    return this.overlap ? this.overlap.index : 0;
  }

  line(text) {
    const cut = text.startsWith('{"kind":"cut"');
    if (this.overlap === null) {
      if (cut) this.log.cut(JSON.parse(text).lines);
      else this.log.add(text);
      return;
    }
    const {index, text: expected} = this.overlap;
    this.overlap = null;
    if (text === expected) {
      this.log.cut(index + 1);
      return;
    }
    // While nobody listened the log became shorter or another one: nothing that is known is sure.
    this.log.cut(0);
    throw new Rewound('the log has changed');
  }
}
