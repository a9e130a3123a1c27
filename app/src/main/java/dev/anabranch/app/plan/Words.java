package dev.anabranch.app.plan;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import java.util.List;
import java.util.Map;

/** Messages about words that are not known. */
public final class Words {
  private Words() {}

  /** Refuses a key that a mapping does not have, in the words of {@link Settings}. */
  public static void requireKnown(String path, List<String> known, Iterable<String> given) {
    var names = known.stream().map(name -> (Knob) new Knob.Text(name, "", "")).toList();
    for (var key : given) {
      if (!known.contains(key)) {
        Settings.read(path, names, Map.of(key, ""));
      }
    }
  }

  /** {@code 'nearest'? one of …}, or the known words alone where none is near. */
  public static String hint(String word, List<String> known) {
    try {
      requireKnown("", known, List.of(word));
      return word;
    } catch (AnabranchException e) {
      var message = String.valueOf(e.getMessage());
      return message.substring(message.indexOf("(expected: ") + 11, message.length() - 1);
    }
  }
}
