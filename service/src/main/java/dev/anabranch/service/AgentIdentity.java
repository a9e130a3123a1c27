package dev.anabranch.service;

import dev.anabranch.service.internal.AgentFolder;
import dev.anabranch.service.internal.Enrolment;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.InstantSource;

/**
 * What a device, or a body's host, is known by: a key that it has made itself, and the
 * coordinator's certificate for it. Immutable; safe from any thread.
 *
 * @param coordinator host and port that it dials
 * @param authority of the coordinator
 */
public record AgentIdentity(
    String name,
    AgentRole role,
    String coordinator,
    PrivateKey key,
    X509Certificate certificate,
    X509Certificate authority) {

  /**
   * Makes a key in a folder, and has it signed.
   *
   * @param token as {@code anabranch enrol} has printed it
   */
  public static AgentIdentity enrol(Path folder, String token, InstantSource clock) {
    return Enrolment.enrol(new AgentFolder(folder), token, clock);
  }

  /** The identity that lies in a folder. */
  public static AgentIdentity open(Path folder) {
    return new AgentFolder(folder).read();
  }

  /** Whether a folder holds one. */
  public static boolean in(Path folder) {
    return new AgentFolder(folder).holds();
  }

  /** The same, with a new certificate if the old one is past two thirds of its life. */
  public AgentIdentity renewed(Path folder, InstantSource clock) {
    long from = certificate.getNotBefore().getTime();
    long life = certificate.getNotAfter().getTime() - from;
    return clock.millis() < from + life / 3 * 2
        ? this
        : Enrolment.renew(new AgentFolder(folder), this, clock);
  }

  /** Tells the coordinator what this agent is: a JSON object of numbers, texts and lists. */
  public void tell(String profile, InstantSource clock) {
    Enrolment.tell(this, profile, clock);
  }

  /** The same without TLS, on the loopback. */
  public static void tellUnencrypted(String address, String name, String profile) {
    Enrolment.tellUnencrypted(address, name, profile);
  }
}
