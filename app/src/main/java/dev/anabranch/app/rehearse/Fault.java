package dev.anabranch.app.rehearse;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Something that befalls one process of a rehearsal.
 *
 * @param text as the user wrote it
 * @param player the process: {@code coordinator}, {@code body}, {@code device-1} …
 * @param round in which it strikes, from 1 as rounds are shown
 * @param after how long after that round has begun
 * @param lasting how long a line is cut or a process stopped; zero for a kill
 */
public record Fault(
    String text, Kind kind, String player, int round, Duration after, Duration lasting) {
  private static final String WHEN = "@(?<round>[1-9][0-9]{0,5})(\\+(?<after>[1-9][0-9]{0,6})ms)?";
  private static final String LASTING = "(:(?<seconds>[1-9][0-9]{0,4})s)?";
  private static final Pattern FORM =
      Pattern.compile(
          "(?<kind>(kill|stop)(?=-(coordinator|body|device-))|cut(?=-(body|link-)))"
              + "-(?<player>coordinator|body|(device|link)-[1-9][0-9]{0,4})"
              + WHEN
              + LASTING);

  private static final String EXPECTED =
      "kill-coordinator@ROUND, kill-body@ROUND or kill-device-K@ROUND;"
          + " stop-coordinator@ROUND:SECONDSs and so on; cut-link-K@ROUND:SECONDSs or"
          + " cut-body@ROUND:SECONDSs; ROUND+MILLISms: so long after the round has begun";

  /** What happens to it. */
  public enum Kind {
    /** {@code kill -9}; it is started again at once. */
    KILL,
    /** Its process is stopped, and goes on after a while. */
    STOP,
    /** Its line is cut, and comes back after a while. */
    CUT
  }

  /** Reads {@code kill-coordinator@2}, {@code cut-link-1@3+250ms:20s} and the like. */
  public static Fault parse(String text) {
    var m = FORM.matcher(text);
    if (!m.matches()) {
      throw bad(text, EXPECTED);
    }
    var kind = Kind.valueOf(m.group("kind").toUpperCase(Locale.ROOT));
    var seconds = number(m, "seconds");
    if (kind == Kind.KILL && seconds.isPresent()) {
      throw bad(text, "no duration: what is killed is started again at once");
    }
    if (kind != Kind.KILL && seconds.isEmpty()) {
      throw bad(text, "a duration, as " + text + ":60s");
    }
    return new Fault(
        text,
        kind,
        m.group("player").replace("link-", "device-"),
        number(m, "round").orElseThrow(),
        Duration.ofMillis(number(m, "after").orElse(0)),
        Duration.ofSeconds(seconds.orElse(0)));
  }

  private static Optional<Integer> number(Matcher m, String group) {
    return Optional.ofNullable(m.group(group)).map(Integer::valueOf);
  }

  /** Refuses a fault that could not strike. */
  void require(int devices, int rounds, boolean body) {
    if (player.startsWith("device-")
        && Integer.parseInt(player.substring("device-".length())) > devices) {
      throw bad(text, "a device from 1 to " + devices);
    }
    if (player.equals("body") && !body) {
      throw bad(text, "another process: this method needs no body");
    }
    if (rounds > 0 && round > rounds) {
      throw bad(text, "a round from 1 to " + rounds);
    }
  }

  private static AnabranchException bad(String text, String expected) {
    return AnabranchException.expected(Failure.USAGE, "--fault", text, expected);
  }
}
