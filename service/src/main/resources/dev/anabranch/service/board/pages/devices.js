// Who is enrolled: devices, and the hosts of bodies.

import {h, fill, table, empty, chip, named} from '../dom.js';
import * as api from '../api.js';
import {mb, moment, ago, count} from '../figures.js';
import {every} from './parts.js';

const MOST = 200;
const ORDER = ['attending', 'away', 'expired', 'revoked'];

export default async function devices(page) {
  page.title('Devices');
  let all = await api.devices(page.signal);
  const rows = h('div', {id: 'devices'});
  const summary = h('p', {class: 'what', id: 'devices-count'});
  const filter = h('input', {type: 'search', id: 'filter', placeholder: 'name or state', oninput: render});

  const columns = [
    {name: 'name', cell: device => [h('a', {href: '#/devices/' + encodeURIComponent(device.name)}, named(device.name)), device.role === 'body' ? h('small', null, 'body') : null]},
    {name: 'state', cell: device => chip(device.state)},
    {name: 'last seen', cell: device => seen(device)},
    {name: 'profile', cell: device => profile(device.profile)},
    {name: 'sent', number: true, cell: device => device.sent ? mb(device.sent.bytes) : '–'},
    {name: 'in runs', cell: device => inRuns(device)},
    {name: 'certificate until', cell: device => device.expiresAt ? h('time', {datetime: device.expiresAt}, moment(device.expiresAt)) : '–'},
  ];

  function render() {
    const wanted = filter.value.trim().toLowerCase();
    const some = all.filter(device => wanted === '' || device.name.toLowerCase().includes(wanted) || device.state.includes(wanted))
      .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.name.localeCompare(b.name, 'en', {numeric: true}));
    summary.textContent = all.length === 0 ? 'None enrolled.' : [attending('device', 'device'), attending('body', 'body')].filter(Boolean).join(' and ') + ' attending.';
    fill(rows, all.length === 0
      ? empty('No device is enrolled.', ['Here: ', h('code', null, 'anabranch enrol NAME'), ' prints a token that works once.'], ['On the device: ', h('code', null, 'anabranch device --data …'), ' with that token.'])
      : some.length === 0 ? empty('No device fits this filter.')
        : [table('Enrolled devices, those attending first', columns, some.slice(0, MOST), {class: 'cards'}),
          some.length > MOST ? h('p', {class: 'note'}, 'Shown are ' + MOST + ' of ' + some.length.toLocaleString('en-US') + '; the filter finds the others.') : null]);
  }

  /** 3 of 4 devices; nothing where there is none. */
  function attending(role, word) {
    const some = all.filter(device => device.role === role);
    const here = some.filter(device => device.state === 'attending').length;
    return some.length === 0 ? '' : here + ' of ' + (word === 'body' && some.length > 1 ? some.length + ' bodies' : count(some.length, word));
  }

  page.main.replaceChildren(
    h('div', {class: 'heading'}, h('div', null, h('h1', null, 'Devices'), summary),
      h('div', {class: 'tools'}, h('label', {for: 'filter'}, 'Filter ', filter))), rows);
  render();
  every(page, 5000, async () => {
    all = await api.devices(page.signal);
    render();
  });
}

export function seen(device) {
  if (!device.lastSeenAt) return 'never';
  return h('time', {datetime: device.lastSeenAt, title: moment(device.lastSeenAt)}, device.state === 'attending' ? 'now' : ago(device.lastSeenAt));
}

/** 4 cores, 2 lanes, 8,192 MiB, Linux. */
export function profile(p) {
  if (!p) return 'not told yet';
  return [p.cores ? count(p.cores, 'core') : null, p.lanes ? count(p.lanes, 'lane') : null,
    p.memoryBytes ? Math.round(p.memoryBytes / 1048576).toLocaleString('en-US') + ' MiB' : null, p.os].filter(Boolean)
    .flatMap((text, i) => i === 0 ? [named(text, 40)] : [', ', named(text, 40)]);
}

export function inRuns(device) {
  const runs = device.runs || [];
  if (runs.length === 0) return '–';
  return runs.slice(0, 4).flatMap((id, i) => [i > 0 ? ', ' : null, h('a', {href: '#/runs/' + encodeURIComponent(id)}, named(id, 50))])
    .concat(runs.length > 4 ? [' and ' + (runs.length - 4) + ' more'] : []);
}
