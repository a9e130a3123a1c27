package dev.anabranch.app.plan;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Knob.Choice;
import dev.anabranch.core.Knob.Int;
import dev.anabranch.core.Knob.OneOf;
import dev.anabranch.core.Knob.Real;
import dev.anabranch.core.Knob.Text;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys of a run plan. Declared once: they read plans, fill in defaults, and write the schema.
 *
 * <p>{@code codecs} is no section of this list: its keys are topics, which belong to the method.
 */
final class PlanKeys {
  static final String CODECS = "codecs";
  static final String NONE = "none";

  static final Text NAME =
      new Text("name", "spam-across-mailboxes", "Name of the run; its folder begins with it.");
  static final Int SEED = new Int("seed", 42, 0, Long.MAX_VALUE, "Seed of everything random.");
  static final Choice FABRIC =
      new Choice("fabric", "local", List.of("local"), "Where the programs run.");
  static final Int LANES =
      new Int("lanes", 0, 0, 1024, "Threads for tensor work; 0: as many as there are cores.");
  static final Int RESIDENT =
      new Int(
          "resident",
          0,
          0,
          1_000_000,
          "Most visits whose variables are in memory at once; 0: as many as there are lanes.");

  static final Choice FROZEN =
      new Choice(
          "frozen",
          "auto",
          List.of("auto", "fp32", "bf16"),
          "Precision of frozen weights; auto: bf16 where the processor multiplies it, else fp32.");

  static final Text ADAPTER =
      new Text("adapter", "", "A PEFT adapter folder to begin with; empty: drawn values.");

  static final Choice KIND =
      new Choice(
          "kind",
          "text-classification",
          List.of("text-classification", "image-classification", "causal-lm"),
          "What is learned: the class of a text or of an image, or each next token.");
  static final Knob.Words KEEP_LAYERS =
      new Knob.Words(
          "keepLayers", List.of(), "Use these layers of the model alone, ascending; none: all.");
  static final Int MAX_TOKENS =
      new Int("maxTokens", 64, 4, 8192, "Longest input in tokens, prompts not counted.");
  static final Choice POOLING =
      new Choice(
          "pooling",
          "mean",
          List.of("mean", "cls", "pooler", "prompt"),
          "How the classifier reads a sequence: mean over text and prompts, first token, first"
              + " token through the pre-trained pooler, prompts.");

  static final Choice AUGMENT =
      new Choice(
          "augment",
          "none",
          List.of("none", "crop-flip"),
          "What is done to images that are trained on: nothing, or a random crop with 4 pixels of"
              + " padding and a random mirror.");

  static final Real HOLDOUT =
      new Real(
          "holdout",
          0.1,
          0.0,
          0.9,
          "Share of the examples that is kept from all devices to score.");

  static final Knob.Words PROFILES =
      new Knob.Words(
          "profiles", List.of("mid-range-phone"), "Kinds of device, dealt to devices in turn.");
  static final Real BANDWIDTH =
      new Real("bandwidth", 1.0, 1e-6, 1e6, "Rates of the devices' lines, times this.");
  static final Text BODY = new Text("body", "datacentre-host", "Kind of the body's host.");

  static final Real RATE = new Real("rate", 0.0, 0.0, 0.999, "Share of visits lost, by seed.");
  static final Knob.Words VISITS =
      new Knob.Words("visits", List.of(), "Visits lost by name, as device@round.");
  static final Knob.Words POISONED =
      new Knob.Words("poisoned", List.of(), "Visits whose update turns to NaN, as device@round.");

  static final Int EVERY =
      new Int(
          "every", 1, -1, 1_000_000, "Rounds between scores; 0: after the last one; -1: never.");
  static final Int BATCH = new Int("batch", 32, 1, 65_536, "Examples scored at once.");
  static final Int CONTINUE =
      new Int("continue", 0, 0, 1_000_000, "Texts that a language model continues, for ROUGE-L.");
  static final Int NEW_TOKENS =
      new Int("newTokens", 48, 1, 8192, "Most new tokens of a text that is continued.");

  final OneOf method;
  final OneOf model;
  final OneOf source;
  final OneOf publicSource;
  final OneOf partition;
  final OneOf codec;
  final Section root;

  PlanKeys(Catalog catalog) {
    method = oneOf("method", "sfprompt", catalog.methods(), "The method and its settings.");
    model = oneOf("source", "all-minilm-l6-v2", catalog.models(), "The pre-trained base model.");
    source = oneOf("source", "spam-assassin", catalog.sources(), "Where the examples come from.");
    var none = Kind.of(NONE, "no such examples", List.of(), settings -> NONE);
    var sources = new ArrayList<Kind<?>>(List.of(none));
    sources.addAll(catalog.sources());
    publicSource =
        new OneOf(
            "public", NONE, sources, "Examples that belong to no device, for methods that distil.");
    partition =
        oneOf("partition", "dirichlet", catalog.partitioners(), "How examples are dealt out.");
    codec = oneOf("codec", "fp32", catalog.codecs(), "How the values of a topic become bytes.");
    root =
        new Section(
            "",
            "What to train, on what, how, and on which devices.",
            List.of(NAME, SEED, method, FABRIC, LANES, RESIDENT),
            List.of(
                new Section(
                    "model",
                    "The model.",
                    List.of(model, KEEP_LAYERS, ADAPTER),
                    List.of(
                        new Section(
                            "precision", "Precision of weights.", List.of(FROZEN), List.of()))),
                leaf("task", "The task.", KIND, MAX_TOKENS, POOLING, AUGMENT),
                leaf("data", "The examples.", source, HOLDOUT, partition, publicSource),
                leaf(
                    "devices",
                    "The devices, for virtual time and memory.",
                    PROFILES,
                    BANDWIDTH,
                    BODY),
                leaf("faults", "Injected losses.", RATE, VISITS, POISONED),
                leaf(
                    "evaluate",
                    "How trained variables are scored.",
                    EVERY,
                    BATCH,
                    CONTINUE,
                    NEW_TOKENS)));
  }

  private static OneOf oneOf(
      String name,
      String standard,
      List<? extends dev.anabranch.core.Kind<?>> kinds,
      String about) {
    boolean there = kinds.stream().anyMatch(kind -> kind.answersTo(standard));
    return new OneOf(
        name, there || kinds.isEmpty() ? standard : kinds.getFirst().name(), kinds, about);
  }

  private static Section leaf(String name, String about, Knob... knobs) {
    return new Section(name, about, List.of(knobs), List.of());
  }
}
