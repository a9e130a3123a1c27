package dev.anabranch.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

final class BooksTest {
  private static final NodeId D0 = NodeId.device(0);
  private static final NodeId D1 = NodeId.device(1);
  private static final NodeId BODY = NodeId.body(0);

  private static Books filled() {
    var books = new Books();
    books.charge(new Charge.Install(D0, 0, 1000));
    books.charge(new Charge.Wire(NodeId.COORDINATOR, D0, "model", 0, 40, 4));
    books.charge(new Charge.Wire(D0, NodeId.COORDINATOR, "update", 0, 20, 3));
    books.charge(new Charge.Wire(D0, NodeId.COORDINATOR, "update", 0, 1, 1));
    books.charge(new Charge.Wire(D0, BODY, "activation", 0, 8, 2));
    books.charge(new Charge.Wire(D0, D1, "peer", 0, 5, 1));
    books.charge(new Charge.Wire(BODY, NodeId.COORDINATOR, "body", 0, 7, 9));
    books.charge(new Charge.Compute(D0, 0, "train", 5, 100));
    books.charge(new Charge.Compute(D0, 1, "train", 5, 11));
    books.charge(new Charge.Peak(D0, 0, 30));
    books.charge(new Charge.Peak(D0, 1, 20));
    return books;
  }

  @Test
  void totals_followTheDirectionOfEachMessage() {
    var totals = filled().totals();
    assertThat(totals.setup()).isEqualTo(1000);
    assertThat(totals.down()).isEqualTo(40);
    assertThat(totals.up()).isEqualTo(21 + 8 + 5);
    assertThat(totals.backbone()).isEqualTo(7);
    assertThat(totals.framing()).isEqualTo(4 + 4 + 2 + 1);
    assertThat(totals.byTopic()).containsEntry("update", 21L).doesNotContainKey("body");
    assertThat(totals.macs()).containsEntry(D0, 111L);
    assertThat(totals.peaks()).containsEntry(D0, 30L);
  }

  @Test
  void settled_staysInTheTotals() {
    var books = filled();
    var before = books.totals();
    books.settle();
    assertThat(books.charges()).isEmpty();
    assertThat(books.totals()).isEqualTo(before);
    books.charge(new Charge.Compute(D0, 2, "train", 1, 9));
    assertThat(books.totals().macs()).containsEntry(D0, 120L);
    assertThat(books.totals(c -> c instanceof Charge.Compute).macs()).containsEntry(D0, 9L);
  }

  @Test
  void equalCharges_areKeptAsTheirSum() {
    assertThat(filled().charges())
        .contains(new Charge.Wire(D0, NodeId.COORDINATOR, "update", 0, 21, 4))
        .hasSize(10);
  }

  @Test
  void text_readsBackTheSame() {
    var totals = filled().totals();
    assertThat(Books.read(Books.write(totals))).isEqualTo(totals);
  }

  @Test
  void node_readsBackTheSame() {
    for (var node : new NodeId[] {NodeId.COORDINATOR, D1, BODY}) {
      assertThat(NodeId.parse(node.toString())).isEqualTo(node);
    }
    for (var text : List.of("", "device", "device -3", "device 03", "device 9999999999", "x 1")) {
      assertThatThrownBy(() -> NodeId.parse(text))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("node: " + text + " (expected: such as 'device 7')");
    }
  }
}
