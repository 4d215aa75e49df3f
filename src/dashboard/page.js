// The figures are in the page already. This finds among them and says when they are not the newest.

const here = new URL('.', document.baseURI);
const status = document.getElementById('status');
const shown = document.getElementById('snapshot')?.dataset;
const OLD = 400 * 24 * 60 * 60 * 1000;
const CHECK_EVERY = 10 * 60 * 1000;

function h(name, properties, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) key === 'onclick' ? made.addEventListener('click', value) : made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// ---- Are these the newest figures? ----

let said = '';

/** Says it once: a screen reader that heard it need not hear it again at the next look. */
function say(kind, title, rest = '', button = null) {
  if (said === title) return;
  said = title;
  status.className = `status ${kind}`;
  status.replaceChildren(...title ? [h('p', {}, h('strong', {}, title), ` ${rest}`)] : [], ...button ? [h('p', {}, button)] : []);
}

const again = (words) => h('button', { type: 'button', onclick: () => location.reload() }, words);

async function newest() {
  const answer = await fetch(new URL('latest.json', here), { cache: 'no-cache' });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`latest.json was answered ${answer.status}`);
  const { id } = await answer.json();
  if (typeof id !== 'string') throw new Error('latest.json names no document');
  return id;
}

async function check() {
  if (document.visibilityState !== 'visible') return;
  const when = shown && new Date(shown.published);
  const day = when && new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }).format(when);
  try {
    const id = await newest();
    if (shown && id === null) say('trouble', 'These figures may have been withdrawn.', `They were published on ${day}, but the list of what is published is no longer there.`, again('Look again'));
    else if (id !== null && id !== shown?.id) say('', shown ? 'Newer figures have been published.' : 'Figures have been published.', shown ? `What you see was published on ${day}.` : '', again('Show them'));
    else if (shown && Date.now() - when.getTime() > OLD) say('', 'These figures are over a year old.', `They were published on ${day}, and nothing newer has been published since.`);
    else say('', '');
  } catch {
    say('trouble', 'We could not check whether these are the newest figures.', shown ? `What you see was published on ${day}. The connection may have failed, or what was published cannot be read for the moment.` : 'The connection may have failed.', again('Try again'));
  }
}

// ---- Find ----

const form = document.getElementById('find');
const words = document.getElementById('words');
const state = document.getElementById('state');
const found = document.getElementById('found');
const kpis = [...document.querySelectorAll('article[data-kpi]')];
const rows = [...document.querySelectorAll('tr[data-kpi]')];
const texts = new Map(kpis.map((kpi) => [kpi.dataset.kpi, kpi.textContent.toLowerCase()]));

const isState = (kpi, wanted) => !wanted || (wanted === 'unsure' ? kpi.dataset.state.endsWith('unsure') : kpi.dataset.state.startsWith(wanted));

/** Hides what does not match, and every heading nothing is left under. */
function find() {
  const parts = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const isAll = parts.length === 0 && !state.value;
  const matching = new Set(kpis.filter((kpi) => isState(kpi, state.value) && parts.every((part) => texts.get(kpi.dataset.kpi).includes(part))).map((kpi) => kpi.dataset.kpi));
  for (const one of [...kpis, ...rows]) one.hidden = !matching.has(one.dataset.kpi);
  for (const table of document.querySelectorAll('table:has(tr[data-kpi])')) table.hidden = !table.querySelector('tr[data-kpi]:not([hidden])');
  for (const group of document.querySelectorAll('section.group, section:has(> .glance)')) group.hidden = !group.querySelector('[data-kpi]:not([hidden])');
  found.textContent = isAll ? '' : matching.size === 0 ? 'No KPI matches.' : `${matching.size} of ${kpis.length} KPIs match.`;
}

/** A link to a KPI leads to it, even to one that the search has hidden. */
function reveal() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target || !target.closest('[hidden]')) return;
  form.reset();
  find();
  target.scrollIntoView();
}

if (kpis.length > 0) {
  form.hidden = false;
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', find);
  addEventListener('hashchange', reveal);
  find(); // a browser may have kept what was typed
  reveal();
}

document.addEventListener('visibilitychange', check);
setInterval(check, CHECK_EVERY);
check();
document.documentElement.dataset.ready = '';
