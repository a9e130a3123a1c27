package dev.anabranch.methods.caesar;

import dev.anabranch.core.NodeId;
import dev.anabranch.core.Tensor;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How much of a message is compressed: of the model by how long a device has been away, of its
 * update by how much it matters.
 *
 * @param downMax θ_d^max
 * @param downRule staleness, fixed (θ_d^max for all) or none
 * @param buckets most distinct ratios of a round, so that as many encodings suffice; 0: any
 * @param window W: staleness is measured against min(t, W); 0: against t
 * @param upMin θ_u^min
 * @param upMax θ_u^max
 * @param upRule importance, fixed (their mean for all) or none
 * @param lambda weight of a device's volume in its importance, beside that of its labels
 * @param rare whether unusual labels make an update more important, not less
 */
record Ratios(
    double downMax,
    Rule downRule,
    int buckets,
    int window,
    double upMin,
    double upMax,
    Rule upRule,
    double lambda,
    boolean rare) {
  /** How a ratio is found. */
  enum Rule {
    /** By staleness down, by importance up. */
    ADAPTIVE,
    FIXED,
    NONE
  }

  /** θ_d = (1 − δ / t) θ_d^max, δ = t − r with r the last round of the device, 0 if never. */
  double down(SortedMap<String, Double> notes, NodeId device, int t) {
    if (downRule != Rule.ADAPTIVE) {
      return downRule == Rule.NONE ? 0 : downMax;
    }
    double away = t - notes.getOrDefault("last/" + device, 0.0);
    boolean never = away == t;
    double fresh = never ? 0 : Math.max(0, 1 - away / (window == 0 ? t : Math.min(t, window)));
    double steps = buckets - 1;
    return downMax * (buckets == 0 ? fresh : steps == 0 ? 0 : Math.round(fresh * steps) / steps);
  }

  /**
   * θ_u by rank of importance C, the most important device first: from θ_u^min to θ_u^max in even
   * steps. A device whose data nobody knows yet takes their mean.
   */
  Map<NodeId, Double> up(SortedMap<String, Double> notes, Collection<NodeId> cohort) {
    var out = new TreeMap<NodeId, Double>();
    cohort.forEach(device -> out.put(device, upRule == Rule.NONE ? 0 : (upMin + upMax) / 2));
    if (upRule != Rule.ADAPTIVE) {
      return out;
    }
    double most = 0;
    for (var device : cohort) {
      most = Math.max(most, notes.getOrDefault("examples/" + device, 0.0));
    }
    var importance = new TreeMap<NodeId, Double>();
    for (var device : cohort) {
      var n = notes.get("examples/" + device);
      if (n != null) {
        double usual = Math.exp(-notes.getOrDefault("divergence/" + device, 0.0));
        importance.put(device, lambda * n / most + (1 - lambda) * (rare ? 1 - usual : usual));
      }
    }
    List<NodeId> ranked =
        importance.keySet().stream()
            .sorted(Comparator.comparingDouble(d -> -importance.getOrDefault(d, 0.0)))
            .toList();
    for (int rank = 0; rank < ranked.size(); rank++) {
      double place = rank / (double) Math.max(1, ranked.size() - 1);
      out.put(ranked.get(rank), upMin + (upMax - upMin) * place);
    }
    return out;
  }

  /** Notes what an update says about a device's data. */
  static void note(SortedMap<String, Double> notes, NodeId device, Tensor histogram) {
    double n = 0;
    for (float count : histogram.toArray()) {
      n += count;
    }
    notes.put("examples/" + device, n);
    notes.put("divergence/" + device, divergence(histogram.toArray()));
  }

  /** KL(Φ_i ‖ Φ_0) of label counts, each plus one, against even ones; in nats. */
  static double divergence(float[] counts) {
    double n = counts.length;
    for (float count : counts) {
      n += count;
    }
    double sum = 0;
    for (float count : counts) {
      double p = (count + 1) / n;
      sum += p * Math.log(p * counts.length);
    }
    return sum;
  }
}
