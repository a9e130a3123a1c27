package dev.anabranch.testkit;

import dev.anabranch.core.Ability;
import dev.anabranch.core.BodyHost;
import dev.anabranch.core.Card;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.TensorMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * A method written on the spot, to test a fabric with. With {@link Ability#BODY_LINKS} the model is
 * cut after its first and before its last layer, with two soft prompts in the head and a trained
 * tail; otherwise all of it is on the device, and trained.
 */
@Folklore("three lambdas")
public record Programs(
    Set<Ability> needs,
    BiFunction<Coordinator<TensorMap>, TensorMap, TensorMap> coordinator,
    Consumer<Device> device,
    Consumer<BodyHost> body)
    implements WholeModel {

  public static Programs of(
      Set<Ability> needs,
      BiFunction<Coordinator<TensorMap>, TensorMap, TensorMap> coordinator,
      Consumer<Device> device) {
    return new Programs(needs, coordinator, device, body -> {});
  }

  @Override
  public Card card() {
    return new Card("programs", needs);
  }

  @Override
  public ModelUse use(ModelFacts model) {
    if (!needs.contains(Ability.BODY_LINKS)) {
      return WholeModel.super.use(model);
    }
    return new ModelUse(
        Partition.uShape(model.layers(), 1, model.layers() - 1),
        Map.of(
            "head",
            new Parameterisation.Combined(
                List.of(
                    new Parameterisation.SoftPrompt(
                        2, Parameterisation.SoftPrompt.Placing.EMBEDDED))),
            "tail",
            new Parameterisation.Everything()));
  }

  @Override
  public TensorMap coordinate(Coordinator<TensorMap> me, TensorMap state) {
    return coordinator.apply(me, state);
  }

  @Override
  public void participate(Device me) {
    device.accept(me);
  }

  @Override
  public void serve(BodyHost me) {
    body.accept(me);
  }
}
