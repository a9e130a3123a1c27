package dev.anabranch.parts;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import dev.anabranch.core.Tensor;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The value codecs that a plan can name: what there is, and how a plan's text becomes one. Every
 * call looks them up anew; safe from any thread.
 */
public final class ValueCodecs {
  private ValueCodecs() {}

  /**
   * One line of {@code anabranch list codecs}.
   *
   * @param payload bytes for a tensor of n values and a last axis of d, as a formula
   */
  public record Entry(String name, List<Knob> knobs, String about, String payload) {}

  private static List<ValueCodecProvider> providers() {
    var byName = new HashMap<String, ValueCodecProvider>();
    for (var provider : ServiceLoader.load(ValueCodecProvider.class)) {
      var before = byName.put(provider.kind().name(), provider);
      if (before != null) {
        throw new IllegalStateException(
            "codec '"
                + provider.kind().name()
                + "' is provided twice: by "
                + before.getClass().getName()
                + " and "
                + provider.getClass().getName());
      }
    }
    return byName.values().stream().sorted(Comparator.comparing(p -> p.kind().name())).toList();
  }

  /** All of them, in order of name. */
  public static List<Entry> list() {
    return providers().stream()
        .map(p -> new Entry(p.kind().name(), p.kind().knobs(), p.kind().about(), p.payload()))
        .toList();
  }

  /** All of them, in order of name, for a {@link Knob.OneOf} or a schema. */
  public static List<Kind<Codec<Tensor>>> kinds() {
    return providers().stream().map(ValueCodecProvider::kind).toList();
  }

  /**
   * Reads a codec as a plan writes it: {@code fp16}, {@code topk(0.01)}, {@code
   * topk(share=0.01,feedback=true)}. A flag may stand by its name alone, as in {@code
   * topk(0.01,feedback)}, which is how {@link Codec#id()} writes it.
   *
   * @param at where it stands, such as {@code codecs.activation}
   * @throws AnabranchException {@code codecs.activation: topk(2) (expected: …)}
   */
  public static Codec<Tensor> parse(String at, String text) {
    var chosen = read(at, text);
    return chosen.kind().make().apply(chosen.settings());
  }

  /**
   * The same as a mapping with defaults filled in, {@code {topk: {share: 0.01, feedback: false}}}:
   * what a {@link Knob.OneOf} over {@link #kinds()} reads.
   */
  public static Map<String, Object> mapping(String at, String text) {
    var chosen = read(at, text);
    return Map.of(chosen.kind().name(), chosen.settings().toMap());
  }

  private record Chosen(Kind<Codec<Tensor>> kind, Settings settings) {}

  private static Chosen read(String at, String text) {
    var word = text.strip();
    int open = word.indexOf('(');
    var kind = kind(at, open < 0 ? word : word.substring(0, open).strip());
    try {
      if (open >= 0 && !word.endsWith(")")) {
        throw new IllegalArgumentException("no closing parenthesis");
      }
      var inner = open < 0 ? "" : word.substring(open + 1, word.length() - 1);
      return new Chosen(kind, Settings.read(at, kind.knobs(), arguments(kind, inner)));
    } catch (IllegalArgumentException | AnabranchException e) {
      throw new AnabranchException(
          Failure.PLAN, at + ": " + text + " (expected: " + signature(kind) + ")", e);
    }
  }

  private static Kind<Codec<Tensor>> kind(String at, String name) {
    var kinds = kinds();
    for (var kind : kinds) {
      if (kind.answersTo(name)) {
        return kind;
      }
    }
    var names = kinds.stream().map(Kind::name).collect(Collectors.joining(", "));
    throw AnabranchException.expected(Failure.PLAN, at, name, "one of " + names);
  }

  private static Map<String, Object> arguments(Kind<?> kind, String inner) {
    var given = new LinkedHashMap<String, Object>();
    if (inner.isBlank()) {
      return given;
    }
    int position = 0;
    for (var part : inner.split(",", -1)) {
      int equals = part.indexOf('=');
      var left = (equals < 0 ? part : part.substring(0, equals)).strip();
      var flag = flag(kind, left);
      String name;
      Object value;
      if (equals >= 0) {
        name = left;
        value = value(part.substring(equals + 1).strip());
      } else if (flag != null) {
        name = flag.name();
        value = true;
      } else {
        if (position >= kind.knobs().size()) {
          throw new IllegalArgumentException("too many settings");
        }
        name = kind.knobs().get(position).name();
        value = value(left);
      }
      if (given.put(name, value) != null) {
        throw new IllegalArgumentException(name + " stands twice");
      }
      position++;
    }
    return given;
  }

  private static Knob.@Nullable Flag flag(Kind<?> kind, String word) {
    for (var knob : kind.knobs()) {
      if (knob instanceof Knob.Flag flag && flag.name().equals(word)) {
        return flag;
      }
    }
    return null;
  }

  private static Object value(String text) {
    if (text.equals("true") || text.equals("false")) {
      return Boolean.valueOf(text);
    }
    try {
      return Double.valueOf(text);
    } catch (NumberFormatException e) {
      return text;
    }
  }

  /**
   * {@code topk(share, feedback) with share 1.0E-4 to 1.0, feedback true or false}; a name alone
   * without knobs.
   */
  private static String signature(Kind<?> kind) {
    if (kind.knobs().isEmpty()) {
      return kind.name() + ", which has no settings";
    }
    var names = kind.knobs().stream().map(Knob::name).collect(Collectors.joining(", "));
    var ranges = kind.knobs().stream().map(ValueCodecs::range).collect(Collectors.joining(", "));
    return kind.name() + "(" + names + ") with " + ranges;
  }

  private static String range(Knob knob) {
    return knob.name()
        + " "
        + switch (knob) {
          case Knob.Int k -> k.min() + " to " + k.max();
          case Knob.Real k -> plain(k.min()) + " to " + plain(k.max());
          case Knob.Flag k -> "true or false";
          case Knob.Choice k -> "one of " + String.join(", ", k.values());
          default -> knob.about();
        };
  }

  private static String plain(double v) {
    return new java.math.BigDecimal(String.valueOf(v)).stripTrailingZeros().toPlainString();
  }
}
