// The frame around the pages: which page is shown, who is logged in, which colours.

import {h, fill, trouble} from './dom.js';
import {token, Trouble, onReach, retryNow} from './api.js';
import {recolour} from './charts.js';
import login from './pages/login.js';
import runs from './pages/runs.js';
import run from './pages/run.js';
import report from './pages/report.js';
import devices from './pages/devices.js';
import device from './pages/device.js';
import compare from './pages/compare.js';

const ROUTES = [
  [/^\/login$/, login], [/^\/runs$/, runs], [/^\/runs\/([^/]+)$/, run], [/^\/runs\/([^/]+)\/report$/, report],
  [/^\/devices$/, devices], [/^\/devices\/([^/]+)$/, device], [/^\/compare$/, compare],
];
const PLACES = [['runs', 'Runs'], ['devices', 'Devices'], ['compare', 'Compare']];

const main = document.getElementById('main');
const reach = h('p', {class: 'reach', role: 'status'});
let leaving = new AbortController();
let shown = false;

/** {path: '/runs/x', query: URLSearchParams} of the address. */
function place() {
  const [path, query] = (location.hash.slice(1) || '/runs').split('?');
  return {path, query: new URLSearchParams(query || '')};
}

export function go(hash) {
  if (location.hash === hash) open();
  else location.hash = hash;
}

function top(path) {
  const inside = token.get() !== null && path !== '/login';
  fill(document.getElementById('top'),
    h('a', {class: 'brand', href: '#/runs'}, h('img', {src: 'icon.svg', alt: '', width: 24, height: 24}), 'Anabranch'),
    inside ? h('nav', {'aria-label': 'Pages'}, PLACES.map(([name, text]) =>
      h('a', {href: '#/' + name, 'aria-current': path.startsWith('/' + name) ? 'page' : null}, text))) : null);
  const bar = document.getElementById('top');
  bar.append(reach, themeButton());
  if (inside) bar.append(h('button', {type: 'button', class: 'plain', onclick: leave}, 'Log out'));
}

function leave() {
  token.drop();
  go('#/login');
}

function themeButton() {
  const next = {auto: 'light', light: 'dark', dark: 'auto'};
  const now = () => document.documentElement.dataset.theme || 'auto';
  const button = h('button', {type: 'button', class: 'plain', title: 'Switch between the colours of the system, light and dark'}, 'Colours: ' + now());
  button.addEventListener('click', () => {
    colours(next[now()]);
    button.textContent = 'Colours: ' + now();
  });
  return button;
}

function colours(theme) {
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  localStorage.setItem('anabranch-colours', theme);
  recolour();
}

onReach(state => {
  reach.classList.toggle('broken', state === 'unreachable');
  reach.textContent = state === 'unreachable' ? 'coordinator unreachable' : 'coordinator reached';
});

async function open() {
  leaving.abort();
  const mine = leaving = new AbortController();
  const {path, query} = place();
  if (token.get() === null && path !== '/login') {
    location.replace('#/login?to=' + encodeURIComponent(location.hash.slice(1) || '/runs'));
    return;
  }
  top(path);
  const route = ROUTES.find(([pattern]) => pattern.test(path));
  const page = {
    main, query, go, signal: mine.signal,
    params: route ? route[0].exec(path).slice(1).map(decode) : [],
    title: text => { document.title = text + ' · Anabranch'; },
    fail: problem => fail(problem, mine),
  };
  delete main.dataset.page;
  main.replaceChildren(h('p', {class: 'waiting'}, 'Asking the coordinator…'));
  if (shown) main.focus({preventScroll: true});
  shown = true;
  window.scrollTo(0, 0);
  if (!route) {
    page.title('No such page');
    main.replaceChildren(trouble('There is no such page.', 'Choose one above.'));
    return;
  }
  try {
    await route[1](page);
    main.dataset.page = path;
  } catch (problem) {
    fail(problem, mine);
  }
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A page cannot be shown: says why, and asks for a token where it is that. */
function fail(problem, mine) {
  if (mine.signal.aborted) return;
  if (problem instanceof Trouble && problem.kind === 'unauthorised') {
    token.drop();
    location.replace('#/login?ended=1&to=' + encodeURIComponent(location.hash.slice(1)));
    return;
  }
  mine.abort();
  main.dataset.page = 'trouble';
  const known = problem instanceof Trouble;
  main.replaceChildren(trouble(known ? problem.title : 'This page cannot be shown.', known ? problem.detail + (problem.kind === 'unreachable' ? ' It is asked again every 5 seconds.' : '') : String(problem.message || problem), open));
  if (known && problem.kind === 'unreachable') {
    const timer = setTimeout(() => leaving === mine && open(), 5000);
    leaving.signal.addEventListener('abort', () => clearTimeout(timer));
  }
}

// An address of its own would be taken for a page.
document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault();
  main.focus();
});
colours(localStorage.getItem('anabranch-colours') || 'auto');
window.addEventListener('hashchange', open);
window.addEventListener('online', retryNow);
open();
