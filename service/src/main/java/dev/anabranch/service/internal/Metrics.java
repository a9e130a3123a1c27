package dev.anabranch.service.internal;

import dev.anabranch.service.AgentRole;
import dev.anabranch.service.RunState;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;

/** What Prometheus asks for. Thread-safe. */
final class Metrics {
  static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  Metrics(Store store, Registry agents, X509Certificate port, InstantSource clock) {
    for (var state : RunState.values()) {
      Gauge.builder(
              "anabranch.runs",
              store,
              s -> s.look(tables -> tables.runs().counts()).getOrDefault(state, 0))
          .tag("state", state.word())
          .description("Runs by state.")
          .register(registry);
    }
    for (var role : AgentRole.values()) {
      Gauge.builder("anabranch.agents.attending", agents, a -> a.counts().getOrDefault(role, 0L))
          .tag("role", role.word())
          .description("Devices and hosts of bodies that are connected.")
          .register(registry);
    }
    Gauge.builder(
            "anabranch.certificate.expiry.seconds",
            clock,
            c -> (port.getNotAfter().getTime() - c.millis()) / 1000.0)
        .description("Until the certificate of this port expires; a restart makes a new one.")
        .register(registry);
    List.of(
            new JvmMemoryMetrics(),
            new JvmThreadMetrics(),
            new ProcessorMetrics(),
            new FileDescriptorMetrics(),
            new UptimeMetrics())
        .forEach(binder -> binder.bindTo(registry));
  }

  /** A request was answered. */
  void answered(String method, String route, int status) {
    registry
        .counter(
            "anabranch.http.requests",
            "method",
            method,
            "route",
            route,
            "status",
            Integer.toString(status))
        .increment();
  }

  /** For what else counts. */
  MeterRegistry registry() {
    return registry;
  }

  String text() {
    return registry.scrape(TYPE);
  }
}
