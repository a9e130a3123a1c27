.DEFAULT_GOAL := help
.PHONY: help build fast test it bench fuzz bad-line format demo clean

MVN ?= mvn -B
# Modules to work on, e.g. make test M=core,parts (all by default)
ifdef M
ONLY := -pl $(M) -am
endif

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## compile and package everything, tests compiled but not run
	$(MVN) -q -DskipTests package $(ONLY)

fast: ## compile main sources only, without static analysis, in parallel (M=core,... narrows it)
	$(MVN) -q -T1C -Dmaven.test.skip=true -Derrorprone.args=-XepDisableAllChecks compile $(ONLY)

test: ## unit tests (M=core,... narrows it; T=SomeTest picks one)
	$(MVN) test $(ONLY) $(if $(T),-Dtest=$(T))

it: ## unit and integration tests, and the format check
	$(MVN) verify $(ONLY)

bench: ## run the benchmarks and print their table (B=visit runs one, see benchmarks/README.md)
	$(MVN) -q -Dmaven.test.skip=true -Dbench.skip=false $(if $(B),'-Dbench.args=$(B)') \
		$(if $(MODEL),'-Dbench.model=$(abspath $(MODEL))') $(if $(DEVICES),'-Dbench.devices=$(DEVICES)') -pl benchmarks -am package

fuzz: ## fuzz the decoders for T=minutes (8 by default; W=codecs picks one of the targets)
	$(MVN) -q -Pfuzz -DskipTests '-Dfuzz.args=$(or $(T),8) $(W)' -pl fabrics/grpc -am \
		process-test-classes

bad-line: ## carry out a plan over slow lines that lose packets and are cut, as root (see benchmarks/README.md)
	python3 tools/bad_line.py

format: ## rewrite all Java sources with google-java-format
	$(MVN) -q -N -Dformat.mode=write verify

demo: ## a short training run
	./anabranch demo --quick

clean: ## remove everything that was built
	$(MVN) -q clean
