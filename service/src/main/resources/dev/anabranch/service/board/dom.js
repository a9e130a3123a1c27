// Elements built from text: nothing that comes from outside is ever read as markup.

const SPOOFING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A text from outside: what cannot be seen, or would turn the line around, is spelled out. */
export function clean(text, most = 2000) {
  const seen = String(text).replace(SPOOFING, c => '\\u{' + c.codePointAt(0).toString(16) + '}');
  const letters = Array.from(seen);
  return letters.length > most ? letters.slice(0, most - 1).join('') + '…' : seen;
}

/**
 * An element: h('p', {class: 'note'}, 'text', child). Attributes whose value is null, undefined or
 * false are left out; names that begin with "on" are listeners.
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

/** The name of a device, an agent, a run or a topic, as somebody else has chosen it. */
export function named(text, most = 80) {
  return h('bdi', {class: 'name'}, clean(text, most));
}

/** Puts these children into an element, and touches it only if something changes. Focus stays. */
export function fill(element, ...children) {
  const next = h('div', null, ...children);
  if (next.innerHTML === element.innerHTML) return element;
  const focused = element.contains(document.activeElement) ? document.activeElement.id : '';
  element.replaceChildren(...next.childNodes);
  if (focused) document.getElementById(focused)?.focus({preventScroll: true});
  return element;
}

/** Sets a text only if it differs, so that a reader's selection survives. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
  return element;
}

/** Says a sentence to those who listen instead of looking. */
export function announce(text) {
  say(document.getElementById('said'), text);
}

/**
 * A table. Columns: {name, label: a longer text for it, unit, number, led: its name stands before the
 * cell on a narrow screen, cell: row => child}; the first names the row. On a narrow screen each row becomes a card, which needs the name
 * of a column in each cell.
 */
export function table(caption, columns, rows, more = {}) {
  const head = h('tr', null, columns.map((column, i) =>
    h('th', {scope: 'col', class: column.number ? 'number' : null}, column.name,
      column.unit ? [h('br'), h('small', null, column.unit)] : null)));
  const body = rows.map(row => h('tr', more.row ? more.row(row) : null, columns.map((column, i) => i === 0
    ? h('th', {scope: 'row', 'data-label': column.led ? column.name : null}, column.cell(row))
    : h('td', {class: column.number ? 'number' : null, 'data-label': (column.label || column.name) + (column.unit ? ', ' + column.unit : '')},
      h('span', null, column.cell(row))))));
  return h('div', {class: 'wide'}, h('table', {class: more.class || null},
    h('caption', {class: more.seen ? null : 'unseen'}, caption), h('thead', null, head), h('tbody', null, body)));
}

/** Says that there is nothing, and what to do about it. */
export function empty(title, ...lines) {
  return h('div', {class: 'empty'}, h('p', {class: 'lead'}, title), lines.map(line => h('p', null, line)));
}

/** Says that something went wrong: what, why, and what to do next. */
export function trouble(title, detail, again) {
  return h('div', {class: 'trouble', role: 'alert'}, h('p', {class: 'lead'}, title), detail ? h('p', null, detail) : null,
    again ? h('p', null, h('button', {type: 'button', onclick: again}, 'Try again')) : null);
}

const STATES = {
  pending: ['waits', 'wait'], running: ['running', 'live'], stopping: ['stopping', 'wait'], completed: ['completed', 'good'],
  failed: ['failed', 'bad'], stopped: ['stopped', 'idle'], attending: ['attending', 'good'], away: ['away', 'idle'],
  revoked: ['revoked', 'bad'], expired: ['expired', 'bad'], invited: ['invited', 'wait'], working: ['in visit', 'live'],
  done: ['done', 'good'], lost: ['lost', 'bad'], unfinished: ['not finished', 'idle'],
  broken: ['tried again', 'wait'],
};

/** A state, by word, sign and colour. */
export function chip(state) {
  const [word, kind] = STATES[state] || [clean(state, 20), 'idle'];
  return h('span', {class: 'chip ' + kind}, word);
}
