package dev.anabranch.torch.internal;

import dev.anabranch.core.Parameterisation;
import dev.anabranch.torch.BertMacs;
import dev.anabranch.torch.BertShapes;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** Lays the trained variables of a model on its layers, by their names. Used on a lane. */
final class BertHooks implements Hooks {
  private final Variables variables;
  private final BertMacs macs;
  private final BertConfig config;
  private final Parameterisation how;

  /**
   * @param how of the segment whose layers these are; gives LoRA's scale
   */
  BertHooks(Variables variables, BertMacs macs, BertConfig config, Parameterisation how) {
    this.variables = variables;
    this.macs = macs;
    this.config = config;
    this.how = how;
  }

  @Override
  public @Nullable Tensor trained(String name) {
    return variables.find(name);
  }

  @Override
  public boolean steps(String name) {
    return variables.steps(name);
  }

  @Override
  public @Nullable Lora lora(int layer, String module) {
    String at = BertShapes.layer(layer) + module;
    var a = variables.find(at + ".lora_A");
    return a == null
        ? null
        : new Lora(a, variables.get(at + ".lora_B"), BertShapes.loraAlpha(how, module) / a.size(0));
  }

  @Override
  public @Nullable Adapter adapter(int layer) {
    String at = BertShapes.layer(layer) + "adapter.";
    var down = variables.find(at + "down.weight");
    return down == null
        ? null
        : new Adapter(
            down,
            variables.get(at + "down.bias"),
            variables.get(at + "up.weight"),
            variables.get(at + "up.bias"));
  }

  @Override
  public @Nullable Prefix prefix(int layer) {
    String at = BertShapes.layer(layer) + "prefix.";
    var keys = variables.find(at + "key");
    return keys == null ? null : new Prefix(heads(keys), heads(variables.get(at + "value")));
  }

  /** [p, d] as [heads, p, d / heads]. */
  private Tensor heads(Tensor rows) {
    return rows.view(rows.size(0), config.heads(), config.headWidth()).transpose(0, 1);
  }

  @Override
  public boolean touches(int layer) {
    return macs.touches(layer);
  }
}
