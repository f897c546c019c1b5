package org.nnjit.cli.models;

import java.util.ArrayList;
import java.util.List;

/** The models that can be made. One more is one file and one line here. */
public final class Models {
  private static final List<List<Model>> ALL =
      List.of(
          BartDecoder.models(),
          BartEncoder.models(),
          Digits.models(),
          EfficientNetLite.models(),
          Gpt2.models(),
          Llama.models(),
          MobileNetV2.models(),
          ResNet.models(),
          Roberta.models(),
          SqueezeNet.models(),
          T5Decoder.models(),
          T5Encoder.models(),
          Vit.models());

  private Models() {}

  /** All models in alphabetical order of their architectures, each full size before tiny. */
  public static List<Model> all() {
    List<Model> all = new ArrayList<>();
    ALL.forEach(all::addAll);
    return all;
  }

  /**
   * The model of a name.
   *
   * @throws IllegalArgumentException with the names that exist
   */
  public static Model named(String name) {
    List<String> names = new ArrayList<>();
    for (Model model : all()) {
      if (model.name().equals(name)) {
        return model;
      }
      names.add(model.name());
    }
    throw new IllegalArgumentException(
        "No model '" + name + "'. There are: " + String.join(", ", names));
  }
}
