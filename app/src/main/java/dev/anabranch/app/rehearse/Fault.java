package dev.anabranch.app.rehearse;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Something that befalls one process of a rehearsal.
 *
 * @param text as the user wrote it
 * @param player the process: {@code coordinator}, {@code body}, {@code device-1} …
 * @param round in which it strikes, from 1 as rounds are shown
 * @param lasting how long a line is cut or a process stopped; zero for a kill
 */
public record Fault(String text, Kind kind, String player, int round, Duration lasting) {
  private static final Pattern FORM =
      Pattern.compile(
          "(kill|stop)-(coordinator|body|device-[1-9][0-9]{0,4})@([1-9][0-9]{0,5})(:([1-9][0-9]{0,4})s)?"
              + "|(cut)-(link-[1-9][0-9]{0,4}|body)@([1-9][0-9]{0,5}):([1-9][0-9]{0,4})s");

  private static final String EXPECTED =
      "kill-coordinator@ROUND, kill-body@ROUND or kill-device-K@ROUND;"
          + " stop-coordinator@ROUND:SECONDSs and so on; cut-link-K@ROUND:SECONDSs or"
          + " cut-body@ROUND:SECONDSs";

  /** What happens to it. */
  public enum Kind {
    /** {@code kill -9}; it is started again at once. */
    KILL,
    /** Its process is stopped, and goes on after a while. */
    STOP,
    /** Its line is cut, and comes back after a while. */
    CUT
  }

  /** Reads {@code kill-coordinator@2}, {@code cut-link-1@3:20s} and the like. */
  public static Fault parse(String text) {
    var m = FORM.matcher(text);
    if (!m.matches()) {
      throw bad(text, EXPECTED);
    }
    if (m.group(6) != null) {
      var player = m.group(7).replace("link-", "device-");
      return new Fault(text, Kind.CUT, player, number(m, 8), seconds(m, 9));
    }
    boolean kill = m.group(1).equals("kill");
    if (kill == (m.group(5) != null)) {
      throw bad(
          text,
          kill
              ? "no duration: what is killed is started again at once"
              : "a duration, as stop-" + m.group(2) + "@" + m.group(3) + ":60s");
    }
    return new Fault(
        text,
        kill ? Kind.KILL : Kind.STOP,
        m.group(2),
        number(m, 3),
        kill ? Duration.ZERO : seconds(m, 5));
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

  private static int number(Matcher m, int group) {
    return Integer.parseInt(m.group(group));
  }

  private static Duration seconds(Matcher m, int group) {
    return Duration.ofSeconds(number(m, group));
  }
}
