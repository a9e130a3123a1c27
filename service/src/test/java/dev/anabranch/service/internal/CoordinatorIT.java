package dev.anabranch.service.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.AgentIdentity;
import dev.anabranch.service.AgentRole;
import dev.anabranch.service.OperatorApi;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Operators and devices over HTTPS, against a whole coordinator. */
class CoordinatorIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final InstantSource NOW = InstantSource.system();

  @TempDir Path folder;

  private static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new AssertionError(text, e);
    }
  }

  private static String token(Started started, String name) {
    try (var admin = started.admin()) {
      return json(admin.post("/api/v1/enrolments", "{\"name\":\"" + name + "\"}"))
          .path("token")
          .asText();
    }
  }

  @Test
  void planIsSubmittedFollowedAndItsResultFetched() {
    try (var started = Started.fresh(folder.resolve("c"));
        var admin = started.admin()) {
      assertThat(json(admin.get("/api/v1/runs")).path("runs")).isEmpty();
      var run = json(admin.submit("count 3"));
      assertThat(run.path("state").asText()).isEqualTo("pending");
      assertThat(run.path("submittedBy").asText()).isEqualTo("admin");
      var id = run.path("id").asText();
      started.fabric.go.countDown();
      var lines = new ArrayList<String>();
      admin.log(id, 0, true, lines::add);
      assertThat(lines).hasSize(4);
      assertThat(lines.getFirst()).startsWith("{\"kind\":\"run\"");
      assertThat(lines.getLast()).isEqualTo("{\"kind\":\"round\",\"round\":2,\"cohort\":[0,1,2]}");
      var ended = json(admin.get("/api/v1/runs/" + id));
      assertThat(ended.path("state").asText()).isEqualTo("completed");
      assertThat(ended.path("roundsDone").asInt()).isEqualTo(3);
      assertThat(ended.path("summary").path("rounds").asInt()).isEqualTo(3);
      assertThat(ended.path("assigned").path("device 0").asText()).isEqualTo("ward-1");
      assertThat(ended.path("visits").path(0).path("state").asText()).isEqualTo("working");
      admin.fetch(id, "summary.json", folder.resolve("got.json"));
      assertThat(folder.resolve("got.json")).hasContent("{\"rounds\":3}");
      var failed = await(admin, json(admin.submit("unlucky 13")).path("id").asText(), "failed");
      assertThat(failed.path("failure").path("text").asText())
          .isEqualTo("java.lang.OutOfMemoryError: native memory: 1 GiB");
    }
  }

  /** Waits until a run is in a state. */
  private static JsonNode await(OperatorApi admin, String id, String state) {
    var run = json(admin.get("/api/v1/runs/" + id));
    while (!run.path("state").asText().equals(state)) {
      run = json(admin.get("/api/v1/runs/" + id));
    }
    return run;
  }

  @Test
  void runIsStoppedAtOnceAndGoesOnWhenItIsAsked() throws InterruptedException {
    try (var started = Started.fresh(folder.resolve("c"));
        var admin = started.admin()) {
      var id = json(admin.submit("count 3")).path("id").asText();
      var waiting = json(admin.submit("other 1")).path("id").asText();
      started.fabric.begun.await();
      AgentIdentity.enrol(folder.resolve("d"), token(started, "ward-1"), NOW);
      assertThat(json(admin.get("/api/v1/devices")).path("devices").path(0).path("runs"))
          .extracting(JsonNode::asText)
          .containsExactly(id);
      assertThat(json(admin.post("/api/v1/runs/" + waiting + "/stop", "{}")).path("state").asText())
          .isEqualTo("stopped");
      var asked = json(admin.post("/api/v1/runs/" + id + "/stop", "{}"));
      assertThat(asked.path("state").asText()).isIn("stopping", "stopped");
      var stopped = await(admin, id, "stopped");
      assertThat(stopped.path("stoppedBy").asText()).isEqualTo("admin");
      assertThat(stopped.path("stoppedAt").asText()).matches("20..-.*Z");
      assertThat(stopped.has("failure")).isFalse();
      assertThat(started.fabric.told).matches("stopped by operator admin at 20..-.*Z");
      assertThat(started.fabric.kept).containsExactly(id);
      assertThat(json(admin.get("/api/v1/devices")).path("devices").path(0).path("runs")).isEmpty();
      assertThatThrownBy(() -> admin.post("/api/v1/runs/" + id + "/stop", "{}"))
          .hasMessage("run " + id + ": has ended (expected: a run that goes on)");
      started.fabric.go.countDown();
      assertThat(json(admin.post("/api/v1/runs/" + id + "/resume", "{}")).path("state").asText())
          .isNotEqualTo("stopped");
      assertThat(await(admin, id, "completed").has("stoppedBy")).isFalse();
      assertThatThrownBy(() -> admin.post("/api/v1/runs/" + id + "/resume", "{}"))
          .hasMessage(
              "run "
                  + id
                  + ": has not ended, or is complete (expected: a run that was stopped or has"
                  + " failed)");
      assertThat(json(admin.get("/api/v1/audit")).path("entries").findValuesAsText("action"))
          .contains("stop", "stopped", "resume", "completed");
    }
  }

  @Test
  void deviceMakesItsKeyAndTokenWorksOnce() {
    try (var started = Started.fresh(folder.resolve("c"));
        var admin = started.admin()) {
      var token = token(started, "ward-1");
      var identity = AgentIdentity.enrol(folder.resolve("d"), token, NOW);
      assertThat(identity.name()).isEqualTo("ward-1");
      assertThat(identity.role()).isEqualTo(AgentRole.DEVICE);
      assertThat(AgentIdentity.open(folder.resolve("d"))).isEqualTo(identity);
      assertThatThrownBy(() -> AgentIdentity.enrol(folder.resolve("e"), token, NOW))
          .isInstanceOf(AnabranchException.class)
          .hasMessage(
              "token: used already (expected: a new one; if it was not you who used it, revoke"
                  + " ward-1)")
          .extracting(e -> ((AnabranchException) e).failure())
          .isEqualTo(Failure.REFUSED);
      var device = json(admin.get("/api/v1/devices")).path("devices").path(0);
      assertThat(device.path("name").asText()).isEqualTo("ward-1");
      assertThat(device.path("state").asText()).isEqualTo("away");
      var audit = json(admin.get("/api/v1/audit"));
      assertThat(audit.path("intact").asBoolean()).isTrue();
      assertThat(audit.path("entries").findValuesAsText("action"))
          .containsExactly("init", "invite", "enrol", "refused");
    }
  }

  @Test
  void certificateIsRenewedAndTheOldOneCountsUntilTheNewOneWasShown() {
    try (var started = Started.fresh(folder.resolve("c"))) {
      var at = folder.resolve("d");
      var old = AgentIdentity.enrol(at, token(started, "ward-1"), NOW);
      assertThat(old.renewed(at, NOW)).isEqualTo(old);
      InstantSource later = () -> NOW.instant().plus(Duration.ofDays(70));
      var fresh = old.renewed(at, later);
      assertThat(fresh.certificate()).isNotEqualTo(old.certificate());
      assertThat(fresh.key()).isEqualTo(old.key());
      assertThat(AgentIdentity.open(at)).isEqualTo(fresh);
      old.tell("{}", NOW);
      fresh.tell("{}", NOW);
      assertThatThrownBy(() -> old.tell("{}", NOW))
          .hasMessageStartingWith("certificate of ward-1: replaced by the one of ");
    }
  }
}
