/* avro-c on the rows of avro_codec_bench: rows FOLDER SECONDS. Prints "<row> avro-c-<operation> <records a second>", of the
 * best pass. */
#include <avro.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static char *slurp(const char *folder, const char *name, const char *suffix, size_t *size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
  FILE *file = fopen(path, "rb");
  if (file == NULL) exit(1);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*size + 1);
  if (fread(bytes, 1, *size, file) != *size) exit(1);
  bytes[*size] = 0;
  fclose(file);
  return bytes;
}

static void check(int failed) {
  if (!failed) return;
  fprintf(stderr, "%s\n", avro_strerror());
  exit(1);
}

static void run(const char *folder, const char *name, double seconds) {
  size_t text_size, size;
  char *text = slurp(folder, name, ".avsc", &text_size);
  char *bytes = slurp(folder, name, ".bin", &size);
  avro_schema_t schema;
  check(avro_schema_from_json_length(text, text_size, &schema));
  avro_value_iface_t *class = avro_generic_class_from_schema(schema);
  avro_value_t row;
  check(avro_generic_value_new(class, &row));
  avro_reader_t reader = avro_reader_memory(bytes, (int64_t)size);
  double best = 0;
  size_t rows = 0;
  for (double until = now() + seconds; now() < until;) {
    const double begin = now();
    avro_reader_memory_set_source(reader, bytes, (int64_t)size);
    for (rows = 0; avro_value_read(reader, &row) == 0; ++rows) avro_value_reset(&row);
    const double rate = (double)rows / (now() - begin);
    if (rate > best) best = rate;
  }
  printf("%s avro-c-decode %.0f\n", name, best);

  avro_value_t *values = calloc(rows, sizeof *values);
  avro_reader_memory_set_source(reader, bytes, (int64_t)size);
  for (size_t i = 0; i < rows; ++i) {
    check(avro_generic_value_new(class, &values[i]));
    check(avro_value_read(reader, &values[i]));
  }
  char *out = malloc(size);
  avro_writer_t writer = avro_writer_memory(out, (int64_t)size);
  best = 0;
  for (double until = now() + seconds; now() < until;) {
    const double begin = now();
    avro_writer_reset(writer);
    for (size_t i = 0; i < rows; ++i) check(avro_value_write(writer, &values[i]));
    const double rate = (double)rows / (now() - begin);
    if (rate > best) best = rate;
  }
  if (memcmp(out, bytes, size) != 0) exit(1);
  printf("%s avro-c-encode %.0f\n", name, best);
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  run(arguments[1], "small", atof(arguments[2]));
  run(arguments[1], "wide", atof(arguments[2]));
  return 0;
}
