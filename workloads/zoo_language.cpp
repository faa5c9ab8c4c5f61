// Networks for text.
#include "workloads/blocks.hpp"
#include "workloads/zoo_rows.hpp"

namespace fringe::zoo {
namespace {

// ---- BERT: layer norms behind each part; ends at the pooled output of the first token

Graph bert(std::size_t layers, std::size_t width, std::size_t heads, std::size_t tokens) {
  Graph graph;
  const int ids = graph.input(Shape{tokens});
  const int places = slice(graph, learned(graph, {512, width}), 0, 0, tokens);
  int x = graph.add(Operator::add, {embedding(graph, ids, 30522, width), places});
  x = graph.add(Operator::add, {x, embedding(graph, ids, 2, width)});
  x = graph.add(Operator::dropout, {graph.add(Operator::layer_norm, {x})});
  Attention a;
  a.heads = heads;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const int seen = graph.add(Operator::dropout, {attention(graph, x, a)});
    x = graph.add(Operator::layer_norm, {graph.add(Operator::add, {x, seen})});
    const int fed = graph.add(Operator::dropout, {feed_forward(graph, x, 4 * width)});
    x = graph.add(Operator::layer_norm, {graph.add(Operator::add, {x, fed})});
  }
  const int first = flatten(graph, slice(graph, x, 0, 0, 1));
  graph.add(Operator::mean_squared_error, {graph.add(Operator::tanh, {affine(graph, first, width)})});
  return graph;
}
Graph bert_base(std::size_t tokens) { return bert(12, 768, 12, tokens); }
Graph bert_large(std::size_t tokens) { return bert(24, 1024, 16, tokens); }

constexpr std::string_view bert_source =
    "J. Devlin et al., arXiv:1810.04805, section 3 (110M and 340M); parameters to the last digit: the "
    "encoder with its pooler, as Hugging Face's BertModel has them; multiply-accumulates by hand: layers · "
    "(12·width²·tokens + 2·width·tokens²) + width² of the pooler";

constexpr Workload bert_row(std::string_view name, std::string_view description, Graph (*build)(std::size_t),
                            std::size_t tokens, std::size_t parameters, double gmacs, double half_unit) {
  return {.name = name,
          .description = description,
          .build = build,
          .parameters = parameters,
          .macs = gmacs * 1e9,
          .macs_half_unit = half_unit * 1e9,
          .source = bert_source,
          .length = tokens,
          .most_length = 512};
}

// ---- decoders

Graph gpt(std::size_t layers, std::size_t width, std::size_t heads, std::size_t tokens, std::size_t places,
          std::size_t vocabulary) {
  Graph graph;
  const int ids = graph.input(Shape{tokens});
  const int place = slice(graph, learned(graph, {places, width}), 0, 0, tokens);
  int x = graph.add(Operator::add, {embedding(graph, ids, vocabulary, width, true), place});
  Attention a;
  a.heads = heads;
  a.causal = true;
  for (std::size_t layer = 0; layer < layers; ++layer) x = pre_norm_block(graph, x, a, 4 * width);
  x = graph.dense(graph.add(Operator::layer_norm, {x}), vocabulary);
  graph.softmax_cross_entropy(x);
  return graph;
}

Graph tiny_gpt(std::size_t tokens) { return gpt(6, 384, 6, tokens, 256, 65); }
Graph char_gpt(std::size_t tokens) { return gpt(2, 64, 4, tokens, 64, 96); }
Graph gpt2(std::size_t tokens) { return gpt(12, 768, 12, tokens, 1024, 50257); }
Graph gpt2_xl(std::size_t tokens) { return gpt(48, 1600, 25, tokens, 1024, 50257); }

// One token more behind context − tokens earlier ones; only the last token's logits are asked for.
Graph llama2_7b(std::size_t tokens, std::size_t context) {
  constexpr std::size_t width = 4096, hidden = 11008, vocabulary = 32000;
  Graph graph;
  int x = embedding(graph, graph.input(Shape{tokens}), vocabulary, width);
  Attention a;
  a.heads = 32;
  a.causal = true;
  a.bias = false;
  a.rotary = true;
  a.context = context > tokens ? context : 0;
  for (int layer = 0; layer < 32; ++layer) {
    x = graph.add(Operator::add, {x, attention(graph, graph.add(Operator::rms_norm, {x}), a)});
    const int y = graph.add(Operator::rms_norm, {x});
    const int gate = graph.add(Operator::silu, {graph.dense(y, hidden)});
    x = graph.add(Operator::add,
                  {x, graph.dense(graph.add(Operator::multiply, {gate, graph.dense(y, hidden)}), width)});
  }
  x = slice(graph, graph.add(Operator::rms_norm, {x}), 0, tokens - 1, tokens);
  graph.softmax_cross_entropy(graph.dense(flatten(graph, x), vocabulary));
  return graph;
}
Graph llama2_prefill(std::size_t tokens) { return llama2_7b(tokens, tokens); }
Graph llama2_decode(std::size_t context) { return llama2_7b(1, context); }

constexpr std::array rows{
    bert_row("bert-base-128", "BERT-base, a sequence of 128 tokens", bert_base, 128, 109482240, 11.17, 0.005),
    bert_row("bert-base-384", "BERT-base, a sequence of 384 tokens", bert_base, 384, 109482240, 35.33, 0.005),
    bert_row("bert-base-512", "BERT-base, a sequence of 512 tokens", bert_base, 512, 109482240, 48.32, 0.005),
    bert_row("bert-large-128", "BERT-large, a sequence of 128 tokens", bert_large, 128, 335141888, 39.46,
             0.005),
    bert_row("bert-large-384", "BERT-large, a sequence of 384 tokens", bert_large, 384, 335141888, 123.2,
             0.05),
    bert_row("bert-large-512", "BERT-large, a sequence of 512 tokens", bert_large, 512, 335141888, 167.5,
             0.05),
    Workload{.name = "tiny-gpt",
             .description = "a decoder of 6 layers, 384 wide, on 256 characters out of 65",
             .build = tiny_gpt,
             .parameters = 10770816,
             .macs = 3026288640,
             .source =
                 "a shape of this project, that of A. Karpathy's character model (nanoGPT, 2022) with "
                 "biases; by hand: (65 + 256)·384 + 6·(12·384² + 13·384) + 2·384 parameters, output tied "
                 "to the embedding; tokens·(6·12·384² + 65·384) + 6·2·384·tokens² products, scores of "
                 "masked tokens counted",
             .length = 256,
             .most_length = 256},
    Workload{.name = "char-gpt",
             .description = "a decoder of 2 layers, 64 wide, on 64 characters out of 96",
             .build = char_gpt,
             .parameters = (96 + 64) * 64 + 2 * (12 * 64 * 64 + 13 * 64) + 2 * 64,
             .macs = 64.0 * (2 * 12 * 64 * 64 + 96 * 64) + 2 * 2 * 64 * 64 * 64,
             .source = "a shape of this project, tiny-gpt's in small; by hand as there",
             .runs = true,
             .training = adam_cosine(10, 16, 0.004f),
             .length = 64,
             .most_length = 64},
    Workload{.name = "gpt2-small",
             .description = "GPT-2 of 12 layers, all of 1024 tokens",
             .build = gpt2,
             .parameters = 124439808,
             .macs = 1024 * 0.142e9,
             .macs_half_unit = 1024 * 0.0005e9,
             .source =
                 "A. Radford et al., Language Models are Unsupervised Multitask Learners, 2019, table 2, "
                 "and its released model (printed there as 117M); by hand: (50257 + 1024)·768 + "
                 "12·(12·768² + 13·768) + 2·768 parameters, output tied to the embedding; a token takes "
                 "12·12·768² + 12·2·768·1024 + 50257·768 = 0.142e9 products, scores of masked tokens "
                 "counted",
             .length = 1024,
             .most_length = 1024},
    Workload{.name = "gpt2-xl",
             .description = "GPT-2 of 48 layers, all of 1024 tokens",
             .build = gpt2_xl,
             .parameters = 1557611200,
             .macs = 1753351782400,
             .source =
                 "A. Radford et al., Language Models are Unsupervised Multitask Learners, 2019, table 2 "
                 "(1542M); by hand as gpt2-small, with 48 layers and a width of 1600",
             .length = 1024,
             .most_length = 1024},
    Workload{.name = "llama2-7b-prefill",
             .description = "Llama 2 7B reads 2048 tokens and gives the next one's logits",
             .build = llama2_prefill,
             .parameters = 6738415616,
             .macs = 14362501709824,
             .source =
                 "H. Touvron et al., arXiv:2307.09288, and its model card (7B); by hand: 2·32000·4096 + "
                 "32·(4·4096² + 3·4096·11008 + 2·4096) + 4096 parameters; 2048 times the layers' "
                 "matrices, 32000·4096 once, 32·2·4096·2048² between activations, masked ones counted",
             .length = 2048,
             .most_length = 4096},
    Workload{.name = "llama2-7b-decode",
             .description = "Llama 2 7B makes a token behind 2047 in its cache",
             .build = llama2_decode,
             .parameters = 6738415616,
             .macs = 7143948288,
             .source = "H. Touvron et al., arXiv:2307.09288, and its model card (7B); parameters as "
                       "llama2-7b-prefill; by hand: every matrix once, 6.607e9, and 32·2·4096·2048 with the "
                       "cache",
             .length = 2048,
             .most_length = 4096},
};

}  // namespace

std::span<const Workload> language() { return rows; }

}  // namespace fringe::zoo
