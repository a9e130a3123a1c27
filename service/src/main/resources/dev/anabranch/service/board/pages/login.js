// Logging in with an operator's token.

import {h, say} from '../dom.js';
import {token, probe, Trouble} from '../api.js';

export default function login(page) {
  page.title('Log in');
  const said = h('p', {id: 'login-said', role: 'alert', class: 'said'},
    page.query.has('ended') ? 'The coordinator no longer accepts this token. Log in again.' : '');
  const field = h('input', {id: 'token', type: 'password', autocomplete: 'off', spellcheck: 'false', required: true, 'aria-describedby': 'login-note login-said'});
  const button = h('button', {type: 'submit'}, 'Log in');
  const form = h('form', {class: 'login', novalidate: true},
    h('h1', null, 'Log in'),
    h('p', null, 'This is the dashboard of an Anabranch coordinator. It shows runs and devices; it changes nothing.'),
    h('label', {for: 'token'}, 'Operator’s token'), field, button, said,
    h('p', {class: 'note', id: 'login-note'}, 'The role viewer suffices. The token stays in this tab and is forgotten when the tab is closed. Whoever runs the coordinator makes tokens.'));
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const value = field.value.trim();
    if (value === '') {
      say(said, 'token: empty (expected: the text that the coordinator’s operator gave you)');
      field.focus();
      return;
    }
    if (/[^\x21-\x7e]/.test(value)) {
      say(said, 'token: has spaces or signs that no token has (expected: one word)');
      field.focus();
      return;
    }
    button.disabled = true;
    say(said, '');
    try {
      await probe(value);
      token.set(value);
      const to = page.query.get('to') || '/runs';
      location.replace('#' + (to.startsWith('/') && !to.startsWith('/login') ? to : '/runs'));
    } catch (problem) {
      button.disabled = false;
      say(said, problem instanceof Trouble ? problem.title + ' ' + problem.detail : String(problem.message));
      field.select();
      field.focus();
    }
  });
  page.main.replaceChildren(form);
  field.focus();
}
