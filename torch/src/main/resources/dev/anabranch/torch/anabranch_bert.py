"""BERT classifiers without a pooler, as Anabranch trains them with `task.pooling: mean` and `cls`."""

import torch
from transformers import BertForSequenceClassification, BertModel
from transformers.modeling_outputs import SequenceClassifierOutput


class MeanBertForSequenceClassification(BertForSequenceClassification):
    """The classifier reads the mean over real tokens, virtual ones of a prompt among them."""

    def __init__(self, config):
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.post_init()

    def pool(self, hidden, mask):
        if mask is None:
            return hidden.mean(1)
        share = mask[:, -hidden.shape[1] :].unsqueeze(-1).to(hidden.dtype)
        return (hidden * share).sum(1) / share.sum(1)

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        token_type_ids=None,
        position_ids=None,
        inputs_embeds=None,
        past_key_values=None,
        labels=None,
        **kwargs,
    ):
        hidden = self.bert(
            input_ids=input_ids,
            attention_mask=attention_mask,
            token_type_ids=token_type_ids,
            position_ids=position_ids,
            inputs_embeds=inputs_embeds,
            past_key_values=past_key_values,
        ).last_hidden_state
        logits = self.classifier(self.pool(hidden, attention_mask))
        loss = None if labels is None else torch.nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


class FirstBertForSequenceClassification(MeanBertForSequenceClassification):
    """The classifier reads the first token."""

    def pool(self, hidden, mask):
        return hidden[:, 0]
