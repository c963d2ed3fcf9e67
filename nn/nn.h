/* nn.h - one engine for all that learns: parameters, graphs with reverse-mode gradients, optimisers, saved models.
 * Start with nn_parameters_new, nn_parameter_add, nn_graph_new, a chain of ops, nn_graph_plan; then per step
 * nn_graph_bind, nn_graph_forward, nn_graph_backward, nn_optimizer_step.
 * Numbers are float32, tensors row-major with the last axis contiguous; images are [batch, height, width, channels].
 * Knows nothing of facts: callers hand in rows and numbers. */
#ifndef KGQ_NN_NN_H
#define KGQ_NN_NN_H

#include "base/base.h"

#define NN_MAX_RANK 4
#define NN_BATCH (-1) /* as first dimension: rows of the batch, known when the graph runs */

typedef struct NnShape {
    int rank;
    int64_t dims[NN_MAX_RANK];
} NnShape;
#define NN_SHAPE(...)                                                                                                  \
    ((NnShape){.rank = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .dims = {__VA_ARGS__}})

/* ---- Parameters: what is learned, shared by all graphs over it ------------------------------------------------ */

typedef struct NnParameters NnParameters;
typedef enum NnInit {
    NN_ZERO,
    NN_ONE,
    NN_GLOROT_UNIFORM, /* Glorot, Bengio 2010; fans from the last two axes, times the axes before them */
    NN_HE_NORMAL,      /* He et al. 2015 */
    NN_UNIFORM,        /* in [-scale, scale] */
    NN_NORMAL,         /* deviation scale */
} NnInit;

NnParameters *nn_parameters_new(uint64_t seed); /* NULL: no memory */
void nn_parameters_free(NnParameters *parameters);
/* The new parameter's number (0, 1, ...), or -1: no memory, a name that is empty, taken or not UTF-8, or a dimension
 * below 0. Names are unique ("entity", "conv1.weight"). The start values depend on seed, name and shape only. A graph
 * and an optimiser know the parameters that were there when they were made. */
int nn_parameter_add(NnParameters *parameters, const char *name, NnShape shape, NnInit init, float scale);
int nn_parameter_count(const NnParameters *parameters);
int nn_parameter_find(const NnParameters *parameters, const char *name); /* -1: none */
const char *nn_parameter_name(const NnParameters *parameters, int parameter);
NnShape nn_parameter_shape(const NnParameters *parameters, int parameter);
float *nn_parameter_values(NnParameters *parameters, int parameter); /* borrowed; may be written between steps */
/* What a step does to it. A graph looks when it is planned, and takes no gradient of what is frozen. */
typedef enum NnRole {
    NN_LEARNED,  /* at first */
    NN_FROZEN,   /* stays as it is: transfer */
    NN_AVERAGED, /* moves a tenth of the way to what the graphs measured: means and variances of nn_batch_norm */
} NnRole;
NnRole nn_parameter_role(const NnParameters *parameters, int parameter);
void nn_parameter_set_role(NnParameters *parameters, int parameter, NnRole role);

/* ---- Graphs ---------------------------------------------------------------------------------------------------- */

/* A graph is built once for at most `max_batch` rows and run many times. It only reads the parameters; each graph has
 * gradients of its own, so one replica per thread works on its slice of the batch. A graph stays on one thread at a
 * time. */
typedef struct NnGraph NnGraph;
typedef int
    NnNode; /* -1: this or an earlier op failed; every op passes -1 on and nn_graph_plan tells the first fault */

NnGraph *nn_graph_new(NnParameters *parameters, int64_t max_batch, uint64_t seed); /* NULL: no memory */
void nn_graph_free(NnGraph *graph);

/* Inputs, filled by nn_graph_bind before each run. */
NnNode nn_input(NnGraph *graph, NnShape shape);       /* float */
NnNode nn_index_input(NnGraph *graph, NnShape shape); /* int32_t: rows to gather, class labels */
/* A parameter as a tensor; its gradient is dense. */
NnNode nn_parameter(NnGraph *graph, int parameter);
/* Rows of a parameter [rows, width] picked by an index tensor [n] -> [n, width]. Its gradient is sparse (touched rows
 * only) unless the parameter is also used densely. */
NnNode nn_gather(NnGraph *graph, int parameter, NnNode index);

/* Elementwise; b has a's shape, or a's last dimension only and then serves every row. */
NnNode nn_add(NnGraph *graph, NnNode a, NnNode b);
NnNode nn_sub(NnGraph *graph, NnNode a, NnNode b);
NnNode nn_mul(NnGraph *graph, NnNode a, NnNode b);
NnNode nn_scale(NnGraph *graph, NnNode x, float factor);
NnNode nn_relu(NnGraph *graph, NnNode x);
NnNode nn_sigmoid(NnGraph *graph, NnNode x);
NnNode nn_tanh(NnGraph *graph, NnNode x);
NnNode nn_softmax(NnGraph *graph, NnNode x);             /* over the last axis */
NnNode nn_dropout(NnGraph *graph, NnNode x, float rate); /* inverted; the identity unless nn_graph_set_training */

/* Rows as complex vectors: the first half of a row is the real part, the second the imaginary. */
NnNode nn_complex_mul(NnGraph *graph, NnNode a, NnNode b, bool conjugate_b);
NnNode nn_rotation(NnGraph *graph, NnNode phase); /* [n, d/2] angles -> [n, d]: cos | sin */

/* [m, k] x [k, n], or with transpose_b [m, k] x [n, k]^T -> [m, n]: one sgemm. */
NnNode nn_matmul(NnGraph *graph, NnNode a, NnNode b, bool transpose_b);
/* Distance of each row of q [m, k] to each row of e [n, k] -> [m, n]. p = 1: sum of |q-e|; p = 2: Euclidean, by
 * |q-e|^2 = |q|^2 + |e|^2 - 2 q.e, one sgemm; p = 3: complex rows, sum of the moduli of q-e (as in RotatE). */
NnNode nn_distance(NnGraph *graph, NnNode q, NnNode e, int p);
/* Each row divided by its Euclidean length. */
NnNode nn_normalize_rows(NnGraph *graph, NnNode x);

NnNode nn_reshape(NnGraph *graph, NnNode x, NnShape shape); /* same count; NN_BATCH stays first */
NnNode nn_flatten(NnGraph *graph, NnNode x);                /* [batch, rest] */
typedef enum NnActivation { NN_LINEAR, NN_RELU } NnActivation;
/* x [batch, in] x weight [in, out] + bias [out]. */
NnNode nn_dense(NnGraph *graph, NnNode x, int weight, int bias, NnActivation activation);
/* Windows over images. Zero means the default in brackets. */
typedef struct NnConv {
    int stride;  /* [1] */
    int padding; /* rows and columns of zeros on every side */
    bool same;   /* instead: so many that the result has ceil(side / stride); an odd one goes below and to the right */
    int groups;  /* [1] of channels, each with its own outputs; as many as channels: one by one (depthwise) */
    NnActivation activation;
} NnConv;
/* x [batch, h, w, c], weight [kh, kw, c / groups, out], bias [out] or -1: none -> [batch, h', w', out] with
 * h' = (h + 2 padding - kh) / stride + 1, rounded down. */
NnNode nn_conv2d(NnGraph *graph, NnNode x, int weight, int bias, NnConv options);
/* Its adjoint: x [batch, h, w, c], weight [kh, kw, out / groups, c], bias [out] -> [batch, h', w', out] with
 * h' = (h - 1) stride + kh - 2 padding, or h stride where `same`. */
NnNode nn_conv2d_transposed(NnGraph *graph, NnNode x, int weight, int bias, NnConv options);
typedef struct NnPool {
    int size;    /* of the square window */
    int stride;  /* [size] */
    int padding; /* on every side; never counts as greatest, nor among those a mean is of */
    bool same;   /* as of NnConv */
} NnPool;
NnNode nn_max_pool2d(NnGraph *graph, NnNode x, NnPool options); /* edges that no whole window covers are dropped */
NnNode nn_average_pool2d(NnGraph *graph, NnNode x, NnPool options);

/* Normalised over the rows of all axes but the last, then scale [c] x + shift [c]. While training, by the mean and
 * variance of the slice at hand, which `mean` and `variance` [c], both NN_AVERAGED, follow; else by these. epsilon 0:
 * 1e-5. */
NnNode nn_batch_norm(NnGraph *graph, NnNode x, int scale, int shift, int mean, int variance, float epsilon);
/* Normalised over the last axis [c], then scale [c] x + shift [c]. */
NnNode nn_layer_norm(NnGraph *graph, NnNode x, int scale, int shift, float epsilon);

/* Losses: [1], the mean over the batch rows. */
/* logits [batch, classes], labels [batch] -> -log softmax(logits)[label]. `smoothing` spreads that much of the target
 * evenly over all classes. */
NnNode nn_cross_entropy(NnGraph *graph, NnNode logits, NnNode labels, float smoothing);
NnNode nn_binary_cross_entropy(NnGraph *graph, NnNode logits, NnNode targets); /* mean over rows, sum over columns */
NnNode nn_mean_square(NnGraph *graph, NnNode x);       /* mean over rows of the row's sum of x^2 */
NnNode nn_mean_power(NnGraph *graph, NnNode x, int p); /* ... of |x|^p, p = 2 or 3 (N3, Lacroix 2018) */

/* Checks shapes, decides what needs gradients, plans memory. BASE_BAD_CALL tells the first op that was wrong. */
BaseStatus nn_graph_plan(NnGraph *graph, BaseError *err);
NnShape nn_shape(const NnGraph *graph, NnNode node);
void nn_graph_set_training(NnGraph *graph, bool training);
/* Borrowed until the run is over. Floats for nn_input, int32_t for nn_index_input. */
void nn_graph_bind(NnGraph *graph, NnNode input, const void *data);
/* Computes up to `node` for `batch` rows (<= max_batch). BASE_BAD_INPUT: an index out of range, naming it. */
BaseStatus nn_graph_forward(NnGraph *graph, NnNode node, int64_t batch, BaseError *err);
const float *nn_graph_value(const NnGraph *graph, NnNode node); /* borrowed until the next run */
/* Gradients of `weight` * loss added to this graph's own, for the rows of the last forward run. */
BaseStatus nn_graph_backward(NnGraph *graph, NnNode loss, float weight, BaseError *err);
/* The gradient of a node that has one (an nn_input too, when asked for before nn_graph_plan), for inspection. */
void nn_graph_want_gradient(NnGraph *graph, NnNode node);
const float *nn_graph_gradient(const NnGraph *graph, NnNode node);

/* ---- Optimisers ------------------------------------------------------------------------------------------------ */

typedef enum NnMethod { NN_SGD, NN_ADAM, NN_ADAGRAD } NnMethod;
typedef struct NnOptimizerOptions {
    NnMethod method;
    float rate;                  /* 0: 1e-3 */
    float beta1, beta2, epsilon; /* 0: 0.9, 0.999, 1e-7 (Adam); Adagrad: epsilon 1e-10 */
    float momentum;              /* SGD */
    float weight_decay;          /* decoupled (AdamW) */
    float clip; /* a gradient longer than this, over all parameters together, is scaled down to it; 0: none is */
} NnOptimizerOptions;
typedef struct NnOptimizer NnOptimizer;

NnOptimizer *nn_optimizer_new(NnParameters *parameters, const NnOptimizerOptions *options); /* NULL: no memory */
void nn_optimizer_free(NnOptimizer *optimizer);
void nn_optimizer_set_rate(NnOptimizer *optimizer, float rate);
/* Sums the gradients of the replicas in their order (so the result is the same for the same count of them), updates
 * the parameters and clears the gradients. Rows of a sparse gradient that were not touched stay as they are, their
 * moments too. `pool` may be NULL. BASE_BAD_INPUT: a gradient is not finite; names the parameter; no parameter has
 * changed then. */
BaseStatus nn_optimizer_step(NnOptimizer *optimizer, NnGraph *const *replicas, int count, BasePool *pool,
                             BaseError *err);

/* ---- Files ------------------------------------------------------------------------------------------------------ */

/* safetensors (https://github.com/huggingface/safetensors): all parameters, with `description` (JSON, may be NULL)
 * under the metadata key "kgq", a checksum of the data under "xxh3" and one of the header under "xxh3.header". Written
 * whole or not at all. BASE_BAD_INPUT: a parameter holds a number that is not finite. */
BaseStatus nn_save(const NnParameters *parameters, const char *path, const char *description, BaseError *err);
/* A file's parameters, numbered in the order of their data; *description, when wanted, is the caller's to free(), NULL
 * where the file has none. BASE_NOT_FOUND: no such file. BASE_BAD_INPUT: not such a file, cut short or damaged, with
 * what is wrong and at which byte. */
BaseStatus nn_load(const char *path, NnParameters **out, char **description, BaseError *err);

/* ---- Classifiers: images in, one of a few named classes out ------------------------------------------------------ */

/* Start with nn_classifier_new, nn_classifier_fit, nn_classifier_save; or nn_classifier_load. Then
 * nn_classifier_evaluate and nn_classifier_predict. One call at a time on a classifier; the calls share their work
 * among base_job_threads(job) threads themselves. The same seed, images and number of threads give the same model to
 * the bit. Every `job` may be NULL. */
typedef struct NnClassifier NnClassifier;

/* Borrowed by the calls that take it. Pixels are [count, height, width, channels], 0..255. */
typedef struct NnImages {
    const uint8_t *pixels;
    const int32_t *labels; /* [count], each below the number of classes; NULL: none known */
    int64_t count;
    int height, width, channels;
} NnImages;

typedef struct NnClassifierOptions {
    const char *arch; /* NULL: "seed-cnn" */
    int height, width, channels;
    int class_count;
    const char *const *class_names; /* [class_count], UTF-8, copied; NULL: "0", "1", ... */
    uint64_t seed;                  /* of the start values */
} NnClassifierOptions;

/* The architectures' names, one at a time; NULL: past the end. */
const char *nn_classifier_arch_at(int index);
/* On success *out is the caller's, to end with nn_classifier_free; on failure *out is NULL. BASE_BAD_CALL: an unknown
 * architecture (the hint names those there are). BASE_BAD_INPUT: images too small for it, fewer than 2 classes, a name
 * that is empty, not UTF-8 or there twice. */
BaseStatus nn_classifier_new(const NnClassifierOptions *options, NnClassifier **out, BaseError *err);
void nn_classifier_free(NnClassifier *classifier); /* NULL is fine */
const char *nn_classifier_arch(const NnClassifier *classifier);
int nn_classifier_class_count(const NnClassifier *classifier);
const char *nn_classifier_class_name(const NnClassifier *classifier, int class); /* borrowed; NULL: no such class */
void nn_classifier_input(const NnClassifier *classifier, int *height, int *width, int *channels);
int64_t nn_classifier_parameter_count(const NnClassifier *classifier); /* numbers learned: 121,930 for MNIST */

typedef struct NnEpoch {
    int epoch, epochs;                 /* from 1, of how many */
    double loss, accuracy;             /* over the training images, while they were learned from */
    bool has_valid;                    /* the next two are known */
    double valid_loss, valid_accuracy; /* after the epoch */
    double seconds, cpu_seconds;       /* of the epoch's training, validation apart */
} NnEpoch;

/* Zero means the default in brackets. */
typedef struct NnFitOptions {
    int epochs;            /* [5] */
    int batch;             /* [32] images a step; the last step of an epoch takes what is left */
    float rate;            /* [1e-3] of Adam; falls evenly over the second half of the run */
    uint64_t seed;         /* of the order of the images */
    const NnImages *valid; /* evaluated after each epoch; NULL: none */
    void (*on_epoch)(void *context, const NnEpoch *epoch); /* on the calling thread; may be NULL */
    void *context;
} NnFitOptions;

/* Trains further from where the classifier is. NULL options: defaults. BASE_BAD_INPUT: images of another shape than the
 * classifier's, no labels, a label past the classes (the message names the image), or numbers that grew out of bounds
 * (naming epoch and batch). BASE_CANCELLED: what was learned by then stays. */
BaseStatus nn_classifier_fit(NnClassifier *classifier, const NnImages *images, const NnFitOptions *options,
                             BaseJob *job, BaseError *err);

typedef struct NnClassScore {
    int64_t count;                /* images of the class */
    int64_t predicted;            /* images taken for it */
    int64_t correct;              /* both */
    double precision, recall, f1; /* 0 where there is nothing to divide by */
} NnClassScore;
typedef struct NnEvaluation {
    int64_t count;
    double accuracy, loss; /* loss: mean of -log(probability of the right class) */
    int class_count;
    NnClassScore *classes; /* [class_count]; owned: nn_evaluation_free */
    int64_t *confusion;    /* [class_count, class_count]: row = the right class, column = the one predicted; owned */
    double seconds, cpu_seconds;
} NnEvaluation;
/* On failure *out is {0}. BASE_BAD_INPUT as for nn_classifier_fit, and no images at all. */
BaseStatus nn_classifier_evaluate(NnClassifier *classifier, const NnImages *images, NnEvaluation *out, BaseJob *job,
                                  BaseError *err);
void nn_evaluation_free(NnEvaluation *evaluation); /* {0} again afterwards */

/* Fills probabilities [images->count, class_count]; each row sums to 1. Labels are not looked at. */
BaseStatus nn_classifier_predict(NnClassifier *classifier, const NnImages *images, float *probabilities, BaseJob *job,
                                 BaseError *err);

/* One safetensors file that stands by itself: architecture, input shape, class names and training settings are in its
 * description. */
BaseStatus nn_classifier_save(const NnClassifier *classifier, const char *path, BaseError *err);
/* BASE_NOT_FOUND: no such file. BASE_BAD_INPUT: as for nn_load, or not a classifier. */
BaseStatus nn_classifier_load(const char *path, NnClassifier **out, BaseError *err);

#endif
