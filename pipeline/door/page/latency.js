// Where the time of the last turn went: a table whose last column is a waterfall.

// In the order in which they follow one another; ../../conversation/turn/turn_latency.h says what each is.
const kStages = [
  ['endpoint', 'End of speech'],
  ['recognition', 'Recognition'],
  ['agent_first_token', 'Agent, first word'],
  ['agent_first_clause', 'Agent, first clause'],
  ['tools', 'Tools'],
  ['store', 'Storage'],
  ['synthesis', 'Synthesis'],
  ['output', 'Output'],
];

// Milliseconds as people read them.
export const milliseconds = (ms) => (ms >= 9.95 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`);
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

// The stages that took time, each where the one before ended: {name, label, ms, begin, share}; begin and share are of the whole,
// from 0 to 1. Stages of other names come last.
export const waterfall = (stagesMs) => {
  const known = kStages.filter(([name]) => stagesMs[name] > 0);
  const others = Object.keys(stagesMs).filter((name) => stagesMs[name] > 0 && !kStages.some(([other]) => other === name));
  const rows = [...known, ...others.map((name) => [name, name.replaceAll('_', ' ')])];
  const total = rows.reduce((sum, [name]) => sum + stagesMs[name], 0);
  let begin = 0;
  return rows.map(([name, label]) => {
    const row = { name, label, ms: stagesMs[name], begin, share: stagesMs[name] / total };
    begin += row.share;
    return row;
  });
};

// Shows the event parlance.turn.latency in `details`, an element <details> with a <summary> and a <table>.
export const showLatency = (details, event) => {
  const rows = waterfall(event.stages_ms ?? {});
  details.hidden = rows.length === 0;
  if (details.hidden) return;
  details.querySelector('.total').textContent = seconds(event.total_ms);
  details.querySelector('tbody').replaceChildren(...rows.map(({ name, label, ms, begin, share }) => {
    const row = document.createElement('tr');
    const head = document.createElement('th');
    head.scope = 'row';
    head.textContent = label;
    const figure = document.createElement('td');
    figure.textContent = milliseconds(ms);
    const picture = document.createElement('td');
    picture.ariaHidden = 'true';
    const bar = document.createElement('span');
    bar.className = `bar ${name}`;
    bar.style.marginInlineStart = `${begin * 100}%`;
    bar.style.inlineSize = `${share * 100}%`;
    picture.append(bar);
    row.append(head, figure, picture);
    return row;
  }));
};
