package dev.anabranch.app.plan;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Codec;
import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Faults;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Method;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Settings;
import dev.anabranch.core.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A checked run plan: every key has a value of its type and within its range. Immutable. */
public final class RunPlan {
  private final Catalog catalog;
  private final PlanKeys keys;
  private final Map<String, Object> given;
  private final Map<String, Settings> sections = new LinkedHashMap<>();
  private final Map<String, Settings> codecs = new LinkedHashMap<>();

  private RunPlan(Catalog catalog, Map<String, ?> given) {
    this.catalog = catalog;
    this.keys = new PlanKeys(catalog);
    this.given = new LinkedHashMap<>(given);
    read("", keys.root, given);
    var name = root().text(PlanKeys.NAME);
    Check.that(
        name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
        "name",
        "'" + name + "'",
        "1 to 64 letters, digits, '.', '_' or '-'");
    profiles();
    bodyProfile();
    faults();
  }

  /** A plan from what a YAML reader gives. */
  public static RunPlan of(Catalog catalog, Map<String, ?> given) {
    return new RunPlan(catalog, given);
  }

  /** A plan from a file, with keys set anew by {@code key=value}. */
  public static RunPlan read(Catalog catalog, Path file, List<String> overrides) {
    return of(catalog, PlanText.readFile(file)).set(overrides);
  }

  /** A plan from text; {@code at} names it in messages. */
  public static RunPlan parse(Catalog catalog, String at, String yaml) {
    return of(catalog, PlanText.readMap(at, yaml));
  }

  /** This plan with keys set anew, each as {@code key.of.sections=value in YAML}. */
  public RunPlan set(List<String> overrides) {
    var map = given;
    for (var one : overrides) {
      map = new Overrides(keys).apply(map, one);
    }
    return overrides.isEmpty() ? this : of(catalog, map);
  }

  /** This plan with top-level keys replaced. */
  public RunPlan with(Map<String, ?> replaced) {
    var map = new LinkedHashMap<String, @Nullable Object>(given);
    map.putAll(replaced);
    return of(catalog, map);
  }

  private void read(String path, Section section, Map<String, ?> map) {
    var known = new LinkedHashSet<>(section.keys());
    if (path.isEmpty()) {
      known.add(PlanKeys.CODECS);
    }
    Words.requireKnown(path, List.copyOf(known), map.keySet());
    var own = new LinkedHashMap<String, Object>();
    for (var knob : section.knobs()) {
      var value = map.get(knob.name());
      if (value != null) {
        own.put(knob.name(), value);
      }
    }
    sections.put(path, Settings.read(path, section.knobs(), own));
    for (var inner : section.sections()) {
      var at = path.isEmpty() ? inner.name() : path + "." + inner.name();
      read(at, inner, Settings.section(at, map.get(inner.name())));
    }
    if (path.isEmpty()) {
      Settings.section(PlanKeys.CODECS, map.get(PlanKeys.CODECS))
          .forEach((topic, codec) -> codecs.put(topic, codec(topic, codec)));
    }
  }

  private Settings codec(String topic, Object codec) {
    var knob =
        new Knob.OneOf(topic, keys.codec.standardValue(), keys.codec.kinds(), keys.codec.about());
    return Settings.read(PlanKeys.CODECS, List.of(knob), Map.of(topic, codec));
  }

  private Settings root() {
    return at("");
  }

  private Settings at(String path) {
    return Objects.requireNonNull(sections.get(path), path);
  }

  public String name() {
    return root().text(PlanKeys.NAME);
  }

  public long seed() {
    return root().whole(PlanKeys.SEED);
  }

  public RunPlan withSeed(long seed) {
    return with(Map.of("seed", seed));
  }

  /** The method, built. */
  public Method<?> method() {
    return root().make(keys.method, Method.class);
  }

  public String methodName() {
    return root().chosen(keys.method);
  }

  /** The method's settings, defaults filled in. */
  public Map<String, ?> methodSettings() {
    return Settings.section("method", nested("method").get(methodName()));
  }

  /** A whole-number setting of the method, if it has one of that name. */
  public Optional<Long> methodNumber(String knob) {
    return methodSettings().get(knob) instanceof Number n
        ? Optional.of(n.longValue())
        : Optional.empty();
  }

  private Map<String, ?> nested(String key) {
    return Settings.section(key, root().toMap().get(key));
  }

  /** This plan with another method. */
  public RunPlan withMethod(String name, Map<String, ?> settings) {
    return with(Map.of("method", Map.of(name, settings)));
  }

  /** This plan with settings of its method replaced. */
  public RunPlan withMethodSettings(Map<String, ?> replaced) {
    var all = new LinkedHashMap<String, @Nullable Object>(methodSettings());
    all.putAll(replaced);
    return withMethod(methodName(), all);
  }

  public String modelName() {
    return at("model").chosen(keys.model);
  }

  /** Builds the chosen model source. */
  public <T> T model(Class<T> type) {
    return at("model").make(keys.model, type);
  }

  /** The PEFT adapter to begin with; empty if there is none. */
  public String adapter() {
    return at("model").text(PlanKeys.ADAPTER);
  }

  /** {@code auto}, {@code fp32} or {@code bf16}. */
  public String frozenPrecision() {
    return at("model.precision").choice(PlanKeys.FROZEN);
  }

  public int maxTokens() {
    return at("task").integer(PlanKeys.MAX_TOKENS);
  }

  public Pooling pooling() {
    if (languageModel()) {
      return Pooling.NONE;
    }
    return Pooling.valueOf(at("task").choice(PlanKeys.POOLING).toUpperCase(Locale.ROOT));
  }

  /** Whether examples are images; otherwise they are texts. */
  public boolean images() {
    return at("task").choice(PlanKeys.KIND).equals("image-classification");
  }

  /** What is done to images that are trained on: {@code none} or {@code crop-flip}. */
  public String augment() {
    return at("task").choice(PlanKeys.AUGMENT);
  }

  /** Whether each next token is learned, rather than the class of an input. */
  public boolean languageModel() {
    return at("task").choice(PlanKeys.KIND).equals("causal-lm");
  }

  /** The layers of the model that are used; empty: all. */
  public List<Integer> keepLayers() {
    return at("model").words(PlanKeys.KEEP_LAYERS).stream()
        .map(word -> {
          Check.that(word.matches("\\d{1,6}"), "model.keepLayers", word, "numbers of layers");
          return Integer.valueOf(word);
        })
        .toList();
  }

  /** Builds the chosen source of examples. */
  public <T> T source(Class<T> type) {
    return at("data").make(keys.source, type);
  }

  public String sourceName() {
    return at("data").chosen(keys.source);
  }

  /** Builds the source of examples that belong to no device; empty if there are none. */
  public <T> Optional<T> publicSource(Class<T> type) {
    return at("data").chosen(keys.publicSource).equals(PlanKeys.NONE)
        ? Optional.empty()
        : Optional.of(at("data").make(keys.publicSource, type));
  }

  /** The large model that the method is to have beside it: a name or a path; empty: none. */
  public String large() {
    return methodSettings().get("large") instanceof String text ? text : "";
  }

  /** Builds the chosen partitioner. */
  public <T> T partition(Class<T> type) {
    return at("data").make(keys.partition, type);
  }

  public double holdout() {
    return at("data").real(PlanKeys.HOLDOUT);
  }

  /** Value codecs by topic. */
  @SuppressWarnings("unchecked")
  public Map<String, Codec<Tensor>> codecs() {
    var out = new LinkedHashMap<String, Codec<Tensor>>();
    codecs.forEach((topic, settings) ->
        out.put(
            topic,
            settings.make(
                new Knob.OneOf(topic, keys.codec.standardValue(), keys.codec.kinds(), ""),
                Codec.class)));
    return out;
  }

  /** Kinds of device, dealt to devices in turn. */
  public List<DeviceProfile> profiles() {
    var names = at("devices").words(PlanKeys.PROFILES);
    Check.that(!names.isEmpty(), "devices.profiles", names, "at least one profile");
    double factor = at("devices").real(PlanKeys.BANDWIDTH);
    return names.stream()
        .map(name -> catalog.profile("devices.profiles", name).withBandwidth(factor))
        .toList();
  }

  public DeviceProfile bodyProfile() {
    return catalog.profile("devices.body", at("devices").text(PlanKeys.BODY));
  }

  public Faults faults() {
    var faults = at("faults");
    return new Faults(
        faults.real(PlanKeys.RATE),
        visits("faults.visits", faults.words(PlanKeys.VISITS)),
        new LinkedHashSet<>(visits("faults.poisoned", faults.words(PlanKeys.POISONED))));
  }

  private static List<Faults.Visit> visits(String key, List<String> words) {
    return words.stream()
        .map(word -> {
          Check.that(word.matches("\\d{1,9}@\\d{1,9}"), key, word, "device@round, as 3@1");
          int at = word.indexOf('@');
          return new Faults.Visit(
              Integer.parseInt(word.substring(0, at)), Integer.parseInt(word.substring(at + 1)));
        })
        .toList();
  }

  public int evaluateEvery() {
    return at("evaluate").integer(PlanKeys.EVERY);
  }

  public int evaluateBatch() {
    return at("evaluate").integer(PlanKeys.BATCH);
  }

  /** Texts of the hold-out that a language model continues when it is scored. */
  public int continued() {
    return at("evaluate").integer(PlanKeys.CONTINUE);
  }

  /** Most new tokens of such a text. */
  public int newTokens() {
    return at("evaluate").integer(PlanKeys.NEW_TOKENS);
  }

  /** Threads for tensor work, at least 1. */
  public int lanes() {
    int lanes = root().integer(PlanKeys.LANES);
    return lanes == 0 ? Runtime.getRuntime().availableProcessors() : lanes;
  }

  /** Most visits whose variables are in memory at once; 0: as many as there are lanes. */
  public int resident() {
    return root().integer(PlanKeys.RESIDENT);
  }

  /** The settings that decide which examples lie where: equal plans load equal data. */
  public Map<String, ?> dataKey() {
    return only("seed", "model", "task", "data");
  }

  /** The settings that decide what an engine loads. */
  public Map<String, ?> engineKey() {
    return only("model", "task", "lanes");
  }

  /** The settings that decide which model is loaded. */
  public Map<String, ?> modelKey() {
    return only("model");
  }

  /** The settings that decide how text is read. */
  public Map<String, ?> tokenizerKey() {
    return only("model", "task");
  }

  private Map<String, ?> only(String... names) {
    var all = toMap();
    var out = new LinkedHashMap<String, @Nullable Object>();
    for (var name : names) {
      out.put(name, all.get(name));
    }
    return out;
  }

  /** Every key with its value, defaults filled in. */
  public Map<String, Object> toMap() {
    var root = root().toMap();
    var out = new LinkedHashMap<String, Object>();
    out.put("name", root.get("name"));
    out.put("seed", root.get("seed"));
    for (var section : keys.root.sections()) {
      if (section.name().equals("devices")) {
        out.put("method", root.get("method"));
        var topics = new LinkedHashMap<String, Object>();
        codecs.forEach((topic, settings) -> topics.put(topic, settings.toMap().get(topic)));
        out.put(PlanKeys.CODECS, topics);
      }
      var map = at(section.name()).toMap();
      for (var inner : section.sections()) {
        map.put(inner.name(), at(section.name() + "." + inner.name()).toMap());
      }
      out.put(section.name(), map);
    }
    out.put("fabric", root.get("fabric"));
    out.put("lanes", root.get("lanes"));
    out.put("resident", root.get("resident"));
    return out;
  }

  /** As a file that reads back to an equal plan. */
  public String toYaml() {
    return PlanText.write(toMap());
  }

  /** This plan with the codecs of these topics alone. */
  public RunPlan withCodecsOf(Set<String> topics) {
    var kept = new LinkedHashMap<>(Settings.section(PlanKeys.CODECS, given.get(PlanKeys.CODECS)));
    kept.keySet().retainAll(topics);
    return with(Map.of(PlanKeys.CODECS, kept));
  }

  /** {@code name} or {@code name{key: value, …}}: an entry of {@code compare --methods}. */
  public RunPlan withMethodEntry(String entry) {
    return MethodEntry.parse(entry).applyTo(this, keys.method);
  }

  static AnabranchException bad(String name, @Nullable Object value, String expected) {
    return AnabranchException.expected(Failure.PLAN, name, value, expected);
  }
}
