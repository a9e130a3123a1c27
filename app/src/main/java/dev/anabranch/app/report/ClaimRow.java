package dev.anabranch.app.report;

/**
 * A published claim in a report.
 *
 * @param source where it was published
 * @param against what it is measured against
 * @param how what was computed
 * @param here what came out
 * @param verdict in words
 * @param why it did not pass; may be empty
 */
public record ClaimRow(
    String claim,
    String source,
    String against,
    String how,
    String here,
    String verdict,
    String why) {}
