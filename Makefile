# make run     the demo: installs what is missing, builds, plays (ARGS="serve …" runs something else)
# make test    everything: installs what is missing, builds, unit, golden and system tests
# See HACKING.md for the rest.

ARGS ?= demo
PREFIX ?= /usr/local
DESTDIR ?=
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

# DEMO_SECONDS=30 ends the demo by itself.
demo_seconds = $(if $(DEMO_SECONDS),$(if $(filter demo,$(firstword $(ARGS))),--seconds $(DEMO_SECONDS)))

.PHONY: run build test unit system tidy bench asan tsan fuzz install package docs clean

run:
	@echo "1/3  What is missing"
	@tools/deps.sh run
	@echo "2/3  Build (a clean one takes some minutes)"
	@tools/build.sh release sluice
	@echo "3/3  sluice $(ARGS)"
	@build/sluice $(ARGS) $(demo_seconds)

# The program and the Parquet module, which only sinks that write Parquet load.
build:
	@tools/deps.sh build
	@tools/build.sh release sluice sluice_parquet

test:
	@echo "1/3  What is missing"
	@tools/deps.sh test
	@echo "2/3  Build"
	@tools/build.sh release-tests
	@echo "3/3  Tests"
	@python3 tools/run_tests.py build

# Parts of `make test`, for a build that is there.
unit:
	@tools/deps.sh test
	@tools/build.sh release-tests
	@python3 tools/run_tests.py build --only unit
system:
	@tools/deps.sh test
	@tools/build.sh release sluice sluice_parquet parquet_rows json_schema_lines flow_eval view_eval
	@python3 tools/run_tests.py build --only system
tidy:
	@python3 tools/tidy.py

# Sanitizers are slow: fewer lives of the simulation.
asan tsan:
	@tools/deps.sh test
	@tools/build.sh $@
	@SEEDS=300 python3 tools/run_tests.py build-$@ --only unit

# SECONDS_EACH=3600 for the long run.
SECONDS_EACH ?= 60
fuzz:
	@tools/deps.sh fuzz
	@tools/build.sh fuzz
	@python3 tools/run_fuzzers.py build-fuzz --seconds $(SECONDS_EACH)

bench:
	@tools/deps.sh bench
	@tools/build.sh release sluice sluice_parquet parquet_rows json_schema_lines upload avro_codec_bench nexmark
	@PYTHON=$(CURDIR)/.deps/venv/bin/python bench/run.sh $(BENCH_ARGS)
	@.deps/venv/bin/python bench/parquet.py build

# The generated references.
docs: build
	@for page in commands configuration errors metrics; do build/sluice reference $$page > docs/$$page.md; done

install: build
	@tools/install.sh "$(DESTDIR)$(PREFIX)"
	@tools/install_avro.sh "$(DESTDIR)$(PREFIX)"

package: build
	@tools/package.sh

clean:
	rm -rf build build-asan build-tsan build-fuzz
