// Reads the newest published snapshot and shows it. Everything is text put into elements: nothing of a document is ever read as HTML.

const here = new URL('.', document.baseURI);
const status = document.getElementById('status');
const figures = document.getElementById('figures');
const YEAR = 400 * 24 * 60 * 60 * 1000;
const CHECK_EVERY = 10 * 60 * 1000;

// ---- Words ----

const VERDICTS = {
  met_confident: ['Met', 'The figure and its whole interval reach the target.', 'tick'],
  met: ['Met', 'The count reaches the target.', 'tick'],
  met_point: ['Met, but not certain', 'The figure reaches the target, but its interval reaches below it: the true figure may be lower.', 'tick'],
  not_met_point: ['Not met, but not certain', 'The figure is below the target, but its interval reaches it: the true figure may be high enough.', 'cross'],
  not_met_confident: ['Not met', 'The figure and its whole interval are below the target.', 'cross'],
  not_met: ['Not met', 'The count is below the target.', 'cross'],
  insufficient: ['Not enough evidence', 'Too few people or schools answered, or too unevenly, for a verdict.', 'dash'],
  unattainable: ['Cannot be reached', 'The starting point was so high that a rise of this size is not possible.', 'cross'],
};

const SYMBOLS = {
  c: 'withheld to protect people',
  u: 'too few answers to be reliable',
  x: 'not available',
  z: 'does not apply',
  low: 'more than 0, but rounds to 0',
};

const NAMES = {
  engaged: 'Engaged schools', wider: 'Wider schools', difference: 'Difference (engaged minus wider)', schools: 'Schools',
  pre: 'Before contact', post: 'After contact', change: 'Change',
  'wider-standardised': 'Wider schools, with the engaged schools’ mix of phases', 'difference-standardised': 'Difference at that same mix',
  'since-previous': 'Change since the wave before', trend: 'Trend, a year', 'engaged-mean': 'Engaged schools, mean', 'wider-mean': 'Wider schools, mean',
  'difference-of-means': 'Difference of the means', 'published-2016-assumed': 'Difference from the 2016 survey, had its base been as assumed',
  'mix-leader': 'Leaders, of those asked', 'mix-senco': 'SENCOs, of those asked', 'mix-leader+senco': 'Both roles, of those asked',
  count: 'Count', responses: 'Examples', organisations: 'Organisations',
};

const BREAK = 'Trend broken: asked in other words before';

const MARKS = {
  small_base: 'Small base: read with caution', under_5: 'Under 5%', over_95: 'Over 95%', assumed_base: 'The base is assumed',
  indicative: 'Not the same question: a yardstick only', depends_on_rounding: 'Depends on how the published figure was rounded',
};

const GROUPS = { R: 'Reach', K: 'What the programme set out to change', A: 'The eight key areas of the SEND Review', U: 'Outcomes for pupils', O: 'What was to be produced' };

const number = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const sentence = (id) => capital(id.replaceAll(/[-_]/g, ' '));
const nameOf = (figure) => NAMES[figure.name] ?? figure.name.replace(/^published-(\d{4})$/, '$1 survey').replace(/^[a-z].*/, sentence);
const isChange = (figure) => /^(change|increase|rise|relative)/.test(figure.name);
const isDifference = (figure) => /^difference/.test(figure.name) || (figure.unit === 'pp' && !isChange(figure));
const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

function amount(value, unit, signed = false) {
  if (!isNumber(value)) return String(value).replace(/^</, 'under ').replace(/^>/, 'over ') + (unit === '%' ? '%' : '');
  const text = (value < 0 ? '−' : signed && value > 0 ? '+' : '') + number.format(Math.abs(value));
  if (unit === '%') return `${text}%`;
  if (unit === 'pp') return `${text} ${Math.abs(value) === 1 ? 'percentage point' : 'percentage points'}`;
  return unit ? `${text} ${unit}` : text;
}

const bare = (figure) => amount(figure.value, figure.unit === 'pp' ? '' : figure.unit, isChange(figure) || isDifference(figure));
const valueOf = (figure) => figure.symbol ? `${figure.symbol}: ${SYMBOLS[figure.symbol] ?? 'no figure'}` : amount(figure.value, figure.unit, isChange(figure) || isDifference(figure));

function intervalOf(figure) {
  if (figure.symbol || figure.lower == null || figure.upper == null) return '';
  const unit = figure.unit === '%' ? '%' : '';
  return `${amount(figure.lower, unit)} to ${amount(figure.upper, unit)}`;
}

function targetOf(target) {
  if (!target || target.value == null) return '';
  const value = amount(target.value, target.unit);
  return { '>=': `${value} or more`, '>': `over ${value}`, '<=': `${value} or less`, '<': `under ${value}` }[target.relation] ?? value;
}

const dates = (wave) => {
  const [from, to] = [new Date(wave.from), new Date(wave.to)];
  return Number.isNaN(from.getTime()) || Number.isNaN(to.getTime()) ? '' : day.formatRangeToParts(from, to).map(({ value }) => value.trim() === '–' ? ' to ' : value).join('');
};

// ---- Elements ----

function element(make, name, properties, children) {
  const made = make(name);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (key === 'onclick') made.addEventListener('click', value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== ''));
  return made;
}

const h = (name, properties, ...children) => element((tag) => document.createElement(tag), name, properties, children);
const svg = (name, properties, ...children) => element((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag), name, properties, children);

function verdict(of) {
  if (!of) return null;
  const [words, , sign] = VERDICTS[of] ?? [sentence(of), '', 'dash'];
  const path = { tick: 'M5 12.5l4.5 4.5L19 7.5', cross: 'M7 7l10 10M17 7L7 17', dash: 'M6 12h12' }[sign];
  return h('span', { class: `verdict ${of}` }, svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: path })), words);
}

/** A cell that keeps its meaning when the table is shown as cards: roles are stated, since `display` would take them away. */
const cell = (label, content, kind = '') => h('td', { role: 'cell', class: kind, 'data-label': label }, content);
const heads = (...names) => h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, names.map(([name, kind]) => h('th', { role: 'columnheader', scope: 'col', class: kind }, name))));

// ---- Charts ----

/** Where the axis ends, so that its ticks are round numbers. */
function axisOf(drawn, target) {
  if (drawn.every(({ unit }) => unit === '%') && drawn.every(({ value, lower, upper }) => Math.min(value, lower ?? 0) >= 0 && Math.max(value, upper ?? 0) <= 100) && !drawn.some(isChange))
    return { low: 0, high: 100, step: 25 };
  const all = [0, ...drawn.flatMap(({ value, lower, upper }) => [value, lower, upper]), target?.value].filter(isNumber);
  const reach = Math.max(...all) - Math.min(...all) || 1;
  const power = 10 ** Math.floor(Math.log10(reach / 3));
  const step = [1, 2, 2.5, 5, 10].map((part) => part * power).find((part) => reach / part <= 4);
  return { low: Math.floor(Math.min(...all) / step) * step, high: Math.ceil(Math.max(...all) / step + 0.01) * step, step };
}

/**
 * Horizontal bars with interval lines, one group a wave. Words are ordinary text, so they wrap and grow; bars are SVG in percentages of
 * the width, so they stretch and the words do not. Screen readers get one sentence for the whole, and the table after it.
 */
function chart(groups, target) {
  const drawn = groups.flatMap((group) => group.figures).filter((figure) => !figure.symbol && isNumber(figure.value));
  if (drawn.length === 0) return null;
  const axis = axisOf(drawn, target);
  const part = (value) => ((Math.min(Math.max(value, axis.low), axis.high) - axis.low) / (axis.high - axis.low)) * 100;
  const at = (value) => `${part(value).toFixed(2)}%`;
  const anchor = (value) => part(value) < 10 ? 'start' : part(value) > 60 ? 'end' : 'middle';
  const ticks = [];
  for (let tick = axis.low; tick <= axis.high + axis.step / 100; tick += axis.step) ticks.push(tick);
  const upright = (name, value) => svg('line', { class: name, x1: at(value), x2: at(value), y1: 0, y2: '100%' });
  const said = groups.map((group) => `${group.title ? `${group.title}: ` : ''}${group.figures.map((figure) => `${nameOf(figure)} ${valueOf(figure)}${intervalOf(figure) && `, 95% interval ${intervalOf(figure)}`}`).join('; ')}${group.trendBreak ? `. ${BREAK}` : ''}`);

  return h(
    'div', { class: 'chart', role: 'img', 'aria-label': `Bar chart. ${said.join('. ')}.${target ? ` Target: ${targetOf(target)}.` : ''} The table that follows holds the same figures.` },
    svg('svg', { class: 'aim' }, target ? svg('text', { x: at(target.value), y: '1.1em', 'text-anchor': anchor(target.value) }, `Target: ${targetOf(target)}`) : null),
    h(
      'div', { class: 'plot' },
      svg('svg', { class: 'lines' }, ticks.map((tick) => upright(tick === 0 ? 'zero' : 'grid', tick))),
      groups.map((group) => h(
        'div', { class: 'round' },
        group.title ? h('p', {}, h('strong', {}, group.title)) : null,
        group.figures.map((figure) => [h('p', { class: figure.symbol && 'barless' }, h('span', {}, h('b', {}, nameOf(figure)), ` ${briefly(figure)}`)), bar(figure, at)]),
        group.trendBreak ? h('p', { class: 'break' }, h('span', {}, BREAK)) : null)),
      target ? svg('svg', { class: 'lines over' }, upright('target', target.value)) : null),
    svg('svg', { class: 'axis' }, ticks.map((tick, i) => svg('text', { x: at(tick), y: '1.2em', 'text-anchor': i === 0 ? 'start' : i === ticks.length - 1 ? 'end' : 'middle' }, amount(tick, drawn[0].unit === '%' ? '%' : '')))));
}

const briefly = (figure) => figure.symbol ? valueOf(figure) : figure.name === figure.unit ? amount(figure.value) : `${bare(figure)}${intervalOf(figure) && ` (${intervalOf(figure)})`}`;

function bar(figure, at) {
  if (figure.symbol || !isNumber(figure.value)) return null;
  const kind = figure.name.startsWith('published') ? 'published' : isChange(figure) ? 'change' : figure.name;
  const [from, to] = [Math.min(0, figure.value), Math.max(0, figure.value)].map(at);
  const interval = (name) => isNumber(figure.lower) && isNumber(figure.upper) ? [
    svg('line', { class: name, x1: at(figure.lower), x2: at(figure.upper), y1: 10, y2: 10 }),
    [figure.lower, figure.upper].map((end) => svg('line', { class: name, x1: at(end), x2: at(end), y1: 4, y2: 16 })),
  ] : [];
  return svg('svg', { class: 'track', height: 20 },
    svg('rect', { class: `bar ${kind}`, x: from, y: 0, width: `${(parseFloat(to) - parseFloat(from)).toFixed(2)}%`, height: 20 }), interval('halo'), interval('whisker'));
}

// ---- A KPI ----

const byNewest = (waves) => (one, other) => (waves.get(other.wave)?.from ?? '').localeCompare(waves.get(one.wave)?.from ?? '');

/** What must be known of one figure; methods, being the same for many, are told once below the table. */
function notes(figure) {
  const said = [
    ...(figure.marks ?? []).map((mark) => MARKS[mark] ?? sentence(mark)),
    figure.reason && capital(figure.reason), figure.source && `Source: ${figure.source}`, figure.p && `p ${String(figure.p).replace(/^>=/, '≥ ').replace(/^<(?!=)/, '< ').replace(/^(?=[\d.])/, '= ')}`,
  ].filter(Boolean);
  return said.length ? `${said.join('. ')}.` : '';
}

function methods(results) {
  const figures = results.flatMap((result) => result.figures ?? []).filter((figure) => figure.method);
  return [...Map.groupBy(figures, (figure) => figure.method)]
    .map(([method, same]) => h('li', {}, `${[...new Set(same.map(nameOf))].join(', ')}: ${method}.`));
}

/** Where a question was reworded: what must not be joined by a line, and what is left out, in sentences. */
function rewordings(results, waves) {
  const title = (wave) => waves.get(wave)?.title ?? sentence(wave ?? 'to date');
  return results.flatMap((result) => [
    result.trendBreak ? h('p', { class: 'reworded' },
      h('b', {}, 'Reworded. '), `In ${title(result.wave)} the question was asked in other words than in ${title(result.trendBreak.wave)}: the two are not one trend, and a difference between them may come from the words.`) : null,
    result.heldApart ? h('p', { class: 'reworded' },
      `${title(result.wave)}: ${isNumber(result.heldApart.respondents) ? `${number.format(result.heldApart.respondents)} answers` : 'a few answers'} to the question in other words are not counted.`) : null,
  ]);
}

/** The newest comparison in a sentence. */
function comparison(results, waves) {
  for (const result of results) {
    const figure = (result.figures ?? []).find((one) => one.name === 'difference' && !one.symbol && isNumber(one.value));
    if (!figure) continue;
    const wave = waves.get(result.wave);
    const size = amount(Math.abs(figure.value), figure.unit);
    const between = figure.lower <= 0 && figure.upper >= 0 ? 'As the interval includes 0, there may be no difference at all.' : '';
    return h('p', { class: 'compare' },
      `${wave ? `${wave.title}: engaged` : 'Engaged'} schools are `, h('b', {}, figure.value === 0 ? 'level with' : `${size} ${figure.value > 0 ? 'above' : 'below'}`), ' wider schools',
      intervalOf(figure) && ` (95% interval ${intervalOf(figure)})`, `. ${between}`);
  }
  return null;
}

// Beside the figure itself: heading, short label on a card, content, class. A column nobody has anything for is left out.
const COLUMNS = [
  ['95% interval', '95% interval', intervalOf, 'number'],
  ['Base: people', 'People', (figure) => isNumber(figure.base) && !figure.symbol ? number.format(figure.base) : '', 'number'],
  ['Base: schools', 'Schools', (figure) => isNumber(figure.schools) && !figure.symbol ? number.format(figure.schools) : '', 'number'],
  ['Notes', 'Notes', notes, 'notes'],
];

function table(reading, results, waves) {
  const all = results.flatMap((result) => result.figures ?? []);
  const columns = COLUMNS.filter(([, , content]) => all.some(content));
  return h(
    'table', { role: 'table', class: 'figures' },
    h('caption', {}, `Figures: ${reading.title}`),
    heads(['Group'], ['Figure', 'number'], ...columns.map(([title, , , kind]) => [title, kind])),
    results.map((result) => {
      const wave = waves.get(result.wave);
      return [h(
        'tbody', { role: 'rowgroup' },
        h('tr', { role: 'row', class: 'wave' },
          h('th', { role: 'rowheader', scope: 'rowgroup', colspan: columns.length + 2 }, wave ? [wave.title, h('span', { class: 'dates' }, ` ${dates(wave)} `)] : 'To date ', verdict(result.verdict))),
        (result.figures ?? []).map((figure) => h(
          'tr', { role: 'row' },
          h('th', { role: 'rowheader', scope: 'row' }, nameOf(figure)),
          figure.symbol
            ? h('td', { role: 'cell', 'data-label': 'Figure', colspan: 1 + columns.filter(([title]) => title !== 'Notes').length }, valueOf(figure))
            : cell('Figure', valueOf(figure).replace('percentage ', ''), 'number'),
          columns.filter(([title]) => !figure.symbol || title === 'Notes').map(([, label, content, kind]) => cell(label, content(figure), kind))))),
      result.trendBreak ? h('tbody', { role: 'rowgroup', class: 'break' }, h('tr', { role: 'row' }, h('td', { role: 'cell', colspan: columns.length + 2 }, h('span', {}, BREAK)))) : null];
    }));
}

/** The figure a target is about: the change where there is one, else the first that is not there for comparison. */
const mainOf = (result) => (result.figures ?? []).find(isChange) ?? (result.figures ?? []).find((figure) => !isDifference(figure) && figure.name !== 'wider' && !figure.name.startsWith('published'));

function reading(of, kpi, waves, heading) {
  const results = [...(of.results ?? [])].sort(byNewest(waves));
  const target = of.target ?? kpi.target;
  const changes = results.some((result) => (result.figures ?? []).some(isChange));
  const groups = (wanted) => results
    .map((result) => ({ title: waves.get(result.wave)?.title, figures: (result.figures ?? []).filter(wanted), trendBreak: result.trendBreak }))
    .filter((group) => group.figures.length > 0);
  return h(
    'section', {},
    h(heading, {}, of.title),
    results.length === 0 ? h('p', {}, 'No figures published yet.') : !results.some((result) => result.figures?.length) ? results.map((result) => h('p', {}, `${waves.get(result.wave)?.title ?? 'To date'}: `, verdict(result.verdict))) : [
      h('figure', {}, chart(groups((figure) => !isDifference(figure) && !isChange(figure) && !/^(mix-|trend)/.test(figure.name)), changes ? null : target), changes ? chart(groups(isChange), target) : null),
      rewordings(results, waves),
      comparison(results, waves),
      table(of, results, waves),
      h('ul', { class: 'methods', 'aria-label': 'Methods' }, methods(results)),
    ]);
}

function newest(kpi, waves) {
  const primary = (kpi.readings ?? []).find((one) => one.primary) ?? kpi.readings?.[0];
  const result = [...(primary?.results ?? [])].sort(byNewest(waves))[0];
  return { primary, result, figure: result && mainOf(result), target: primary?.target ?? kpi.target };
}

/** What there is to say in words: a milestone's state, why there is no verdict or no figure. */
function stateOf(kpi, result) {
  if (kpi.duplicateOf) return h('p', {}, 'Word for word the same as ', h('a', { href: `#${kpi.duplicateOf}` }, kpi.duplicateOf), ': shown there.');
  const { milestone } = result ?? {};
  if (milestone) {
    return h('p', {}, `${sentence(milestone.status)} since ${day.format(new Date(`${milestone.on}T00:00:00Z`))}. `,
      /^https?:/.test(milestone.evidence ?? '') ? h('a', { href: milestone.evidence, rel: 'noopener' }, 'What shows it') : null);
  }
  if (!result) return h('p', {}, 'No figures published yet.');
  return result.reason && !(result.figures ?? []).some((figure) => figure.reason === result.reason) ? h('p', {}, `${capital(result.reason)}.`) : null;
}

function section(kpi, waves) {
  const { primary, result, figure, target } = newest(kpi, waves);
  const others = (kpi.readings ?? []).filter((one) => one !== primary);
  const wave = result && waves.get(result.wave);
  const why = result?.verdict && (figure && figure.lower == null && result.verdict.endsWith('_confident')
    ? VERDICTS[result.verdict.replace('_confident', '')][1]
    : VERDICTS[result.verdict]?.[1]);
  return h(
    'article', { class: 'kpi', id: kpi.id, 'aria-labelledby': `${kpi.id}-title` },
    h('header', {}, h('span', { class: 'id' }, kpi.id), h('h3', { id: `${kpi.id}-title` }, kpi.title)),
    kpi.wording ? h('blockquote', {}, h('p', { class: 'label' }, 'In the programme’s own words'), h('p', {}, kpi.wording)) : null,
    h(
      'div', { class: 'headline' },
      figure ? h('div', {},
        h('p', { class: figure.symbol ? 'value words' : 'value' }, figure.symbol ? valueOf(figure) : bare(figure)),
        h('p', { class: 'what' },
          h('b', {}, figure.name === figure.unit ? 'To date' : nameOf(figure)),
          [wave?.title, intervalOf(figure) && `95% interval ${intervalOf(figure)}`, ...(figure.marks ?? []).map((mark) => MARKS[mark] ?? sentence(mark))]
            .filter(Boolean).map((line) => h('span', {}, ` ${line}`)))) : null,
      h('div', { class: 'say' },
        result?.verdict ? h('p', {}, verdict(result.verdict)) : null,
        stateOf(kpi, result),
        targetOf(target) ? h('p', { class: 'why' }, h('b', {}, `Target: ${targetOf(target)}. `), why) : null)),
    primary && result ? reading(primary, kpi, waves, 'h4') : null,
    others.some((one) => one.results?.length)
      ? h('details', {}, h('summary', {}, `Other ways of looking at it (${others.length})`), others.map((one) => reading(one, kpi, waves, 'h4')))
      : null);
}

// ---- The page ----

function glance(kpis, waves) {
  return h(
    'table', { role: 'table' },
    h('caption', {}, 'The newest figure for each KPI'),
    heads(['KPI'], ['Newest figure', 'number'], ['Target'], ['Verdict']),
    h('tbody', { role: 'rowgroup' }, kpis.map((kpi) => {
      const { result, figure, target } = newest(kpi, waves);
      return h(
        'tr', { role: 'row' },
        h('th', { role: 'rowheader', scope: 'row' }, h('a', { href: `#${kpi.id}` }, `${kpi.id} ${kpi.title}`)),
        cell('Newest', figure ? (figure.symbol ? valueOf(figure) : bare(figure)) : 'none yet', figure?.symbol ? '' : 'number'),
        cell('Target', targetOf(target)),
        cell('Verdict', verdict(result?.verdict) ?? ''));
    })));
}

function fieldwork(waves) {
  return h(
    'table', { role: 'table' },
    h('caption', {}, 'Rounds of fieldwork'),
    heads(['Wave'], ['Fieldwork'], ['State'], ['Schools that could be asked', 'number'], ['People invited', 'number']),
    h('tbody', { role: 'rowgroup' }, waves.map((wave) => h(
      'tr', { role: 'row' },
      h('th', { role: 'rowheader', scope: 'row' }, wave.title),
      cell('Fieldwork', dates(wave)),
      cell('State', wave.closed ? 'Closed' : 'Still open'),
      cell('Schools', isNumber(wave.frame) ? number.format(wave.frame) : '', 'number'),
      cell('Invited', isNumber(wave.invited) ? number.format(wave.invited) : '', 'number')))));
}

function page(snapshot, latest, published) {
  const waves = new Map(snapshot.waves.map((wave) => [wave.id, wave]));
  const groups = Map.groupBy(snapshot.kpis, (kpi) => GROUPS[kpi.id.charAt(0)] ?? 'More figures');
  const csv = latest.path.replace(/\.json$/, '.csv');
  return [
    h('p', { class: 'meta' }, published ? ['Published on ', h('time', { datetime: published.toISOString() }, day.format(published)), '. '] : null, h('a', { href: '#reading' }, 'How to read these figures')),
    h('section', { 'aria-labelledby': 'glance' }, h('h2', { id: 'glance' }, 'At a glance'), glance(snapshot.kpis, waves)),
    [...groups].map(([title, kpis], i) => h('section', { 'aria-labelledby': `group-${i}` }, h('h2', { id: `group-${i}` }, title), kpis.map((kpi) => section(kpi, waves)))),
    snapshot.waves.length ? h('section', { 'aria-labelledby': 'fieldwork' }, h('h2', { id: 'fieldwork' }, 'Who was asked, and when'), fieldwork(snapshot.waves)) : null,
    h(
      'section', { 'aria-labelledby': 'data' },
      h('h2', { id: 'data' }, 'The figures as data'),
      h('ul', { class: 'links' },
        h('li', {}, h('a', { href: latest.path }, 'This snapshot as JSON')),
        h('li', {}, h('a', { href: csv }, 'This snapshot as CSV, for a spreadsheet')),
        h('li', {}, h('a', { href: 'index.json' }, 'All snapshots published so far (JSON)'))),
      h('p', { class: 'meta' }, 'A published snapshot never changes. This is snapshot ', h('code', {}, latest.id), snapshot.catalogue ? `, by the KPI catalogue of ${snapshot.catalogue}.` : '.')),
  ];
}

// ---- Loading ----

class Unreadable extends Error {}

async function read(path, fresh) {
  const answer = await fetch(new URL(path, here), { cache: fresh ? 'no-cache' : 'default' });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}`);
  try {
    return await answer.json();
  } catch {
    throw new Unreadable(`${path} is not JSON`);
  }
}

async function readLatest() {
  const latest = await read('latest.json', true);
  if (latest === undefined) return undefined;
  // A path that leads anywhere but to a published document is not followed.
  if (typeof latest?.id !== 'string' || !/^\d{4}\/\d{2}\/[\w-]+\.json$/.test(latest.path)) throw new Unreadable('latest.json names no document');
  return latest;
}

async function readPublished(id) {
  try {
    const index = await read('index.json', true);
    const when = new Date(index.snapshots.find((one) => one.id === id).published);
    return Number.isNaN(when.getTime()) ? null : when;
  } catch {
    return null; // Only the date is missing then: the figures do not depend on it.
  }
}

function say(kind, ...content) {
  status.className = `status ${kind}`;
  status.replaceChildren(...content);
}

/** A button that loads everything anew; it vanishes with that, so the focus moves on to the page. */
const reload = (words) => h('p', {}, h('button', { type: 'button', onclick: () => { document.getElementById('main').focus(); show(); } }, words));

async function show() {
  say('waiting', h('p', {}, 'Loading the figures…'));
  figures.replaceChildren();
  try {
    const latest = await readLatest();
    if (latest === undefined) return say('', h('p', {}, h('strong', {}, 'Nothing has been published yet.')), h('p', {}, 'Survey figures appear here once the first wave of fieldwork has closed.'));
    const [snapshot, published] = await Promise.all([read(latest.path), readPublished(latest.id)]);
    if (snapshot === undefined) throw new Error('The document is missing');
    if (!String(snapshot?.schema).startsWith('schema/snapshot-1') || !Array.isArray(snapshot.kpis) || !Array.isArray(snapshot.waves)) throw new Unreadable('Not a snapshot of a kind this page knows');
    figures.replaceChildren(...page(snapshot, latest, published).flat(2).filter(Boolean));
    if (published && Date.now() - published.getTime() > YEAR) say('', h('p', {}, h('strong', {}, 'These figures are over a year old.'), ` They were published on ${day.format(published)}, and nothing newer has been published since.`));
    else say('');
    watch(latest);
    if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  } catch (fault) {
    figures.replaceChildren();
    const why = fault instanceof Unreadable || fault instanceof TypeError && !/fetch/i.test(fault.message)
      ? 'What was published cannot be read by this page.'
      : 'The connection may have failed, or the published file is missing for the moment.';
    say('trouble', h('p', {}, h('strong', {}, 'The figures could not be loaded.'), ` ${why}`), reload('Try again'));
  }
}

let watching;

/** Says when the page, left open, no longer shows the newest figures. */
function watch(shown) {
  const check = async () => {
    if (document.visibilityState !== 'visible') return;
    try {
      const latest = await readLatest();
      if (latest === undefined || latest.id === shown.id) return;
      watching.abort();
      say('', h('p', {}, h('strong', {}, 'Newer figures have been published since you opened this page.')), reload('Show them'));
    } catch {
      // The next check may succeed; what is shown stays true as of its date.
    }
  };
  watching?.abort();
  watching = new AbortController();
  document.addEventListener('visibilitychange', check, { signal: watching.signal });
  const timer = setInterval(check, CHECK_EVERY);
  watching.signal.addEventListener('abort', () => clearInterval(timer));
}

// Paper cannot be unfolded: print everything, then fold back what was folded.
matchMedia('print').addEventListener('change', ({ matches }) => {
  for (const details of document.querySelectorAll(matches ? 'details:not([open])' : 'details[data-unfolded]')) {
    details.open = matches;
    details.toggleAttribute('data-unfolded', matches);
  }
});

show();
