// Puts the charts into the page, again whenever width, colours or a choice change.

(function () {
  const data = JSON.parse(document.getElementById('data').textContent);
  const darkQuery = window.matchMedia('(prefers-color-scheme: dark)');
  const chosen = {timeline: 0, partition: 0};
  let drawn = [];
  let printing = false;

  const byId = id => document.getElementById(id);

  function legend(element, entries) {
    element.replaceChildren(...entries.map(([name, tint, ring]) => {
      const span = document.createElement('span');
      const key = document.createElement('i');
      key.className = ring ? 'key ring' : 'key';
      key.style.background = tint;
      key.style.borderColor = tint;
      span.append(key, name);
      return span;
    }));
  }

  function draw(id, option, height) {
    const element = byId(id);
    if (height) element.style.height = height + 'px';
    const chart = echarts.init(element, null, {renderer: 'svg', width: printing ? 660 : undefined});
    chart.setOption(option);
    drawn.push(chart);
  }

  function empty(id, text) {
    const element = byId(id);
    element.style.height = 'auto';
    element.textContent = text;
  }

  function picker(id, name, entries) {
    const element = byId(id + '-picker');
    if (entries.length < 2 || element.firstChild) return;
    const select = document.createElement('select');
    entries.forEach((entry, index) => select.append(new Option(entry.name, index)));
    select.addEventListener('change', () => { chosen[id] = Number(select.value); render(); });
    const label = document.createElement('label');
    label.append(name + ' ', select);
    element.append(label);
  }

  function drawTimeline(t) {
    if (data.timelines.length === 0) {
      byId('timeline-section').hidden = true;
      return;
    }
    const run = data.timelines[chosen.timeline];
    byId('timeline-headline').textContent = run.headline + (data.timelines.length > 1 ? ' (' + run.name + ')' : '');
    byId('timeline-note').textContent = run.taking > run.devices.length
      ? ' Shown are the ' + run.devices.length + ' busiest of ' + run.taking.toLocaleString('en-US') + ' devices that took part.' : '';
    draw('timeline', timelineChart(run, t), run.devices.length * 17 + 90);
  }

  function drawPartition(t) {
    if (data.partitions.length === 0) {
      byId('partition-section').hidden = true;
      return;
    }
    const part = data.partitions[chosen.partition];
    const stacked = part.perColumn === 1 && part.classes.length <= t.topics.length && part.devices <= 60;
    byId('partition-headline').textContent = part.headline;
    byId('partition-note').textContent = stacked
      ? 'Examples of each class that fell to each device.'
      : 'Colour is the share of a class among a device’s examples.' + (part.perColumn > 1
        ? ' Of ' + part.devices.toLocaleString('en-US') + ' devices, each column shows ' + part.perColumn + ' together.' : '');
    legend(byId('partition-legend'), stacked ? part.classes.map((name, i) => [name, colour(t.topics, i)]) : []);
    draw('partition', stacked ? partitionBars(part, t) : partitionHeat(part, t), stacked ? 300 : Math.max(150, part.classes.length * 22 + 80));
  }

  function render() {
    drawn.forEach(chart => chart.dispose());
    drawn = [];
    const t = theme(darkQuery.matches && !printing);
    const groups = data.groups.map((g, i) => [g.label, colour(t.groups, i)]);
    const legends = {
      groups: data.groups.length > 1 ? groups : [],
      topics: data.topics.map((name, i) => [name, colour(t.topics, i)]),
      parties: PARTIES.map((name, i) => [name, t.parties[i]]),
      times: TIMES.map((name, i) => [name, t.times[i]]),
    };
    if (data.timelines.some(run => run.lost.length > 0)) legends.times.push(['lost visit, at the start of its round', t.lost]);
    document.querySelectorAll('[data-legend]').forEach(element => legend(element, legends[element.dataset.legend]));
    document.querySelectorAll('[data-group]').forEach(key => { key.style.background = colour(t.groups, Number(key.dataset.group)); });
    const measured = field => data.groups.some(g => g.curve.some(p => p[field] !== null));
    if (measured('accuracy')) {
      draw('accuracy', accuracyChart(data, t));
      draw('traffic', trafficChart(data, t));
    } else {
      empty('accuracy', 'No accuracy is in the log yet.');
      empty('traffic', 'No accuracy is in the log yet.');
    }
    if (measured('loss')) draw('loss', lossChart(data, t)); else empty('loss', 'No loss is in the log yet.');
    const rows = data.groups.length;
    draw('topics', bars(data, t, 'topicMegabytes', data.topics, t.topics, 'MB', true), rows * 46 + 60);
    if (rows > 1) draw('parts', shares(data, t, 'topicMegabytes', data.topics, t.topics), rows * 36 + 70);
    draw('macs', bars(data, t, 'gigamacs', PARTIES, t.parties, 'GMACs', true), rows * 62 + 60);
    draw('memory', bars(data, t, 'mebibytes', PARTIES, t.parties, 'MiB', false), rows * 62 + 60);
    drawTimeline(t);
    drawPartition(t);
  }

  byId('accuracy-note').textContent += data.groups.some(g => g.seeds > 1)
    ? ' The band is ± one standard deviation over seeds, thin lines are single seeds.'
    : ' The band is ± one standard error.';
  picker('timeline', 'run', data.timelines);
  picker('partition', 'partition', data.partitions);
  render();

  let width = window.innerWidth;
  let pending = 0;
  window.addEventListener('resize', () => {
    if (window.innerWidth === width || printing) return;
    width = window.innerWidth;
    clearTimeout(pending);
    pending = setTimeout(render, 120);
  });
  darkQuery.addEventListener('change', render);
  // Paper is light and narrow, whatever the screen is.
  window.addEventListener('beforeprint', () => {
    printing = true;
    document.documentElement.dataset.theme = 'light';
    render();
  });
  window.addEventListener('afterprint', () => {
    printing = false;
    delete document.documentElement.dataset.theme;
    render();
  });
})();
