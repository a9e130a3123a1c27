package dev.anabranch.methods.planted;

import dev.anabranch.app.run.Units;
import dev.anabranch.core.Books;
import dev.anabranch.core.Card;
import dev.anabranch.core.Charge;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Ledger;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Setup;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TrainedState;
import java.util.Map;
import java.util.Set;

/**
 * Neither final nor a record, cites nothing, counts in a static, reads a clock, charges, sees the
 * command.
 */
public class PlantedMethod implements TrainedState {
  static int counter;

  @Override
  public Card card() {
    return new Card(Units.traffic(counter++), Set.of());
  }

  @Override
  public ModelUse use(ModelFacts model) {
    return new ModelUse(Partition.whole(model.layers(), NodeId.Role.DEVICE), Map.of());
  }

  @Override
  public TensorMap begin(Setup setup) {
    return TensorMap.empty();
  }

  @Override
  public TensorMap coordinate(Coordinator<TensorMap> me, TensorMap state) {
    Ledger ledger = new Books();
    ledger.charge(new Charge.Peak(me.id(), 0, System.nanoTime()));
    return state;
  }

  @Override
  public void participate(Device me) {}
}
