// A run's report: what it reached and what it cost, to read, to print and to keep.

import {h, clean, named, chip} from '../dom.js';
import * as api from '../api.js';
import {accuracy, three, mb, mib, gmacs, duration, count, moment, known, share} from '../figures.js';
import {whole, over, tiles, RunCharts, roundTable, lostTable, lostTitle, makeUp, ending} from './parts.js';

export default async function report(page) {
  const [id] = page.params;
  const [run, log] = await Promise.all([api.run(id, page.signal), whole(id, page.signal)]);
  page.title('Report of ' + clean(run.name, 60));
  const charts = new RunCharts(page);
  const offline = (run.files || []).some(file => file.name === 'report.html');
  page.main.replaceChildren(
    h('p', {class: 'back'}, h('a', {href: '#/runs/' + encodeURIComponent(id)}, 'Back to the run')),
    h('div', {class: 'heading'}, h('div', null, h('h1', null, named(run.name), ' ', chip(run.state)),
      h('p', {class: 'what'}, run.startedAt ? moment(run.startedAt) + ' · ' : '', makeUp(run, log))),
    h('div', {class: 'tools'}, h('button', {type: 'button', onclick: () => window.print()}, 'Print'),
      offline ? h('button', {type: 'button', id: 'save', onclick: () => save(page, id)}, 'Save as one offline file') : null)),
    h('p', {class: 'result', id: 'result'}, result(run, log)),
    h('div', null, ending(run)), tiles(log), charts.element,
    h('section', null, h('h2', null, 'Round by round'), roundTable(log, {all: true})),
    h('section', null, h('h2', null, lostTitle(log)), lostTable(log, run.assigned, 500)),
    h('section', null, h('h2', null, 'What was asked for'), h('pre', {tabindex: 0}, clean(run.plan || 'The coordinator does not say.', 100000))),
    h('section', null, h('h2', null, 'How to read the numbers'), h('ul', null,
      h('li', null, 'MACs: a forward is one F, full backward 2, activation-only backward 1.'),
      h('li', null, 'Traffic is payload bytes on the devices’ links, framing apart (', mb(log.framing), ' in this run). MB = 10⁶ bytes; memory is in MiB = 2²⁰ bytes.'),
      log.backbone > 0 ? h('li', null, 'The backbone, ' + mb(log.backbone) + ' between coordinator and body, is told apart from it: a message that the coordinator passes on to the body crosses both.') : null,
      h('li', null, 'Setup is the frozen weights that a device needs once, before its first visit: ', mb(log.setup), ' in this run, not part of traffic.'),
      h('li', null, log.clock === 'virtual' ? 'Virtual time is computed from device profiles, not measured.' : 'Wall time is measured by the coordinator; it has waiting and broken lines in it.'))));
  charts.show(log);
}

/** The result in plain words, from the numbers. */
function result(run, log) {
  const done = log.done;
  const rounds = Number(log.start?.rounds) || 0;
  const end = log.last('accuracy');
  const reach = known(end) ? (over(run) ? 'It reaches' : 'It stands at') + ' an accuracy of ' + accuracy(end) : 'No accuracy has been measured';
  const short = rounds > done ? ' of ' + rounds + (over(run) ? '' : ' (the run is not finished)') : '';
  const topics = log.byTopic();
  return [
    reach + ' after ' + count(done, 'round') + short + '. ',
    'It sends ' + mb(log.total) + ' over the devices’ links (' + mb(log.down) + ' down, ' + mb(log.up) + ' up)',
    topics.length > 0 ? [', most of it ', named(topics[0].name, 60), ' (' + share(topics[0].down + topics[0].up, log.total) + ')'] : null, '. ',
    'The busiest device computes ' + gmacs(log.busiest) + (known(log.peaks.device) ? ' and a device needs at most ' + mib(log.peaks.device) : '') + ', in ' + duration(log.seconds) + ' of ' + log.clock + ' time. ',
    log.lost.length > 0 ? count(log.lost.length, 'visit') + ' gave no sound reply and ' + (log.lost.length === 1 ? 'was' : 'were') + ' left out of the averages.' : 'No visit was lost.',
    Number.isNaN(log.last('loss')) && !known(end) ? null : known(log.last('loss')) ? ' The loss ' + (over(run) ? 'ends at ' : 'is ') + three(log.last('loss')) + ' nats.' : null,
  ];
}

async function save(page, id) {
  try {
    const url = URL.createObjectURL(await api.file(id, 'report.html', page.signal));
    h('a', {href: url, download: id + '-report.html'}).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  } catch (problem) {
    page.fail(problem);
  }
}
