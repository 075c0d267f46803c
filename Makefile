# The doors of the house. `make` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Where the cloud keeps its data, its port and its domain; empty: .cocagne, 443 (or 8443) and cocagne.localhost.
DATA ?=
PORT ?=
DOMAIN ?=
# Arguments for the benches, for example BENCH=--quick.
BENCH ?=
# Arguments for pytest, for example PYTEST="-k revoked -x".
PYTEST ?=

SUDO := $(shell [ "$$(id -u)" -eq 0 ] || echo sudo)
BINARY := .build/release/cocagne
ONE_CONFIGURATION := --configuration release
# They take less than two minutes; a test that hangs is to be seen as one.
UNIT_TESTS_END_AFTER := 15m
# All at once, each would wait for a processor behind all others, while its time limit runs.
UNIT_TESTS_AT_A_TIME := $(shell echo $$((4 * $$(nproc))))
data := $(if $(DATA),--data '$(DATA)')
# Inside a shell of this cloud, PyPI is not to be judged by this cloud's authority.
pip_environment := $(if $(COCAGNE_DOMAIN),env -u REQUESTS_CA_BUNDLE -u SSL_CERT_FILE)

# What machines and their networks are made of.
MACHINE_PACKAGES := libvirt-dev libnbd-dev libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils ovmf swtpm swtpm-tools \
  dnsmasq-base nftables iproute2 kmod procps genisoimage
# What `cocagne image build` builds images with.
IMAGE_PACKAGES := mmdebstrap e2fsprogs fdisk mtools dosfstools grub-common
# What the dossier is printed with.
DOSSIER_PACKAGES := weasyprint fonts-inter
RUN_PACKAGES := libsqlite3-dev libp11-kit-dev libnss-myhostname openssl $(MACHINE_PACKAGES) $(IMAGE_PACKAGES) $(DOSSIER_PACKAGES)
# The light guest of the tests, and what speaks to it.
GUEST_PACKAGES := busybox-static dropbear-bin linux-image-cloud-amd64 lz4 cpio openssh-client
TEST_PACKAGES := $(RUN_PACKAGES) $(GUEST_PACKAGES) python3 python3-venv curl faketime softhsm2 opensc
BENCH_PACKAGES := $(RUN_PACKAGES) $(GUEST_PACKAGES) python3 nginx-light wrk fio softhsm2

# Tests of real clients wait more than they work: those with machines run beside the others, each half against a cloud of its own.
WITH_MACHINES := $(shell grep --files-with-matches --extended-regexp 'light_image|from machines import' Conformance/test_*.py)
pytest := AZ='$(CURDIR)/.venv/az/bin/az' ANSIBLE_PLAYBOOK='$(CURDIR)/.venv/ansible/bin/ansible-playbook' .venv/sdk/bin/python -m pytest

# install,PACKAGES: those of them that are missing.
define install
@missing=(); for package in $(1); do \
  [ "$$(dpkg-query --show --showformat='$${db:Status-Status}' $$package 2>/dev/null || true)" = installed ] || missing+=($$package); \
done; \
if [ $${#missing[@]} -gt 0 ]; then \
  command -v apt-get >/dev/null || { echo "This is not Debian: please install what gives $${missing[*]}."; exit 1; }; \
  echo "Installing from Debian: $${missing[*]}"; \
  $(SUDO) apt-get update --quiet; \
  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "$${missing[@]}"; \
fi
endef

.PHONY: help
help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20
	@echo
	@echo '  Variables: DATA=.cocagne PORT=443 DOMAIN=cocagne.localhost PYTEST="-k words" BENCH=--quick'

.PHONY: up
up: run-packages build ## install what is missing, build, start the cloud, say what to type next
	@if process=$$(./cocagne status $(data) --json 2>/dev/null | sed -nE 's/.*"processId": ?([0-9]+).*/\1/p') && [ -n "$$process" ]; then \
	  if [ /proc/$$process/exe -ef $(BINARY) ]; then echo 'Le nuage tourne déjà. — The cloud is running already.'; exit 0; fi; \
	  echo 'Le nuage en marche est plus ancien que les sources. — The running cloud is older than the sources.'; \
	  ./cocagne down $(data); \
	fi; \
	./cocagne up --detach $(data) $(if $(PORT),--port '$(PORT)') $(if $(DOMAIN),--domain '$(DOMAIN)')
	@echo
	@echo 'Et maintenant — and now:'
	@echo
	@command -v az >/dev/null || echo '  make az && export PATH="$$PWD/.venv/az/bin:$$PATH"     # la commande az — the az command'
	@echo '  eval "$$(./cocagne env$(if $(DATA), --data $(DATA)))"'
	@echo '  az login --service-principal -u "$$AZURE_CLIENT_ID" -p "$$AZURE_CLIENT_SECRET" --tenant "$$AZURE_TENANT_ID"'
	@echo '  az group create -n rg -l paris'
	@echo '  az storage account create -n acct -g rg -l paris --sku Standard_LRS'
	@echo '  az storage container create --account-name acct -n box'
	@echo '  az storage blob upload --account-name acct -c box -n hello -f README.md'

.PHONY: down
down: build ## stop the cloud once the requests under way are served
	@./cocagne down $(data)

.PHONY: build
build: run-packages swift ## build what changed
	@./cocagne --version >/dev/null

.PHONY: test
test: lint unit conformance ## all that a release rests on

.PHONY: unit
unit: test-packages swift ## unit, crash and race tests
	swift build $(ONE_CONFIGURATION) --build-tests
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(UNIT_TESTS_AT_A_TIME) \
	  timeout --kill-after=30 $(UNIT_TESTS_END_AFTER) swift test $(ONE_CONFIGURATION) --skip-build --disable-testable-imports --disable-xctest

.PHONY: conformance
conformance: test-packages build .venv/az/installed .venv/sdk/installed .venv/ansible/installed .venv/oscal/installed .venv/suites/installed ## real clients against a real cloud
ifeq ($(PYTEST),)
	COCAGNE_SHARED_PORT=8443 $(pytest) $(WITH_MACHINES) > .build/machines.log 2>&1 & machines=$$!; failed=0; \
	COCAGNE_SHARED_PORT=443 $(pytest) Conformance $(WITH_MACHINES:%=--ignore=%) || failed=1; \
	wait $$machines || failed=1; cat .build/machines.log; exit $$failed
else
	$(pytest) Conformance $(PYTEST)
endif

.PHONY: bench
bench: bench-packages build .venv/bench/installed ## side by side with nginx, SeaweedFS, OpenBao, the bare disk and QEMU by hand
	swift build $(ONE_CONFIGURATION) --product record-rate
	swift build $(ONE_CONFIGURATION) --product ledger-rate
	swift build $(ONE_CONFIGURATION) --product extent-rate
	.venv/bench/bin/python Benchmarks/bench.py $(BENCH)

.PHONY: soak
soak: test-packages build .venv/sdk/installed ## an hour of histories that one order of operations must explain
	COCAGNE_SOAK_SECONDS=$${COCAGNE_SOAK_SECONDS:-3600} .venv/sdk/bin/python -m pytest Conformance/test_histories.py $(PYTEST)

.PHONY: format
format: swift ## put the sources into the one format
	swift format --in-place --recursive --parallel Sources Tests Package.swift

.PHONY: lint
lint: swift ## refuse what `make format` would change
	swift format lint --strict --recursive --parallel Sources Tests Package.swift

.PHONY: az
az: .venv/az/installed ## the Azure CLI in a virtual environment, .venv/az

.PHONY: clean
clean: ## remove what was built; data stay
	rm -rf .build .venv

.PHONY: run-packages test-packages bench-packages swift
run-packages:
	$(call install,$(RUN_PACKAGES))
test-packages:
	$(call install,$(TEST_PACKAGES))
bench-packages:
	$(call install,$(BENCH_PACKAGES))
swift:
	@command -v swift >/dev/null || { echo 'Il faut Swift 6.3. — Swift 6.3 is needed: https://www.swift.org/install/linux/'; exit 1; }

# The collection's package asks for a later Python than Debian 12's; the collection itself does not.
ANSIBLE_COLLECTIONS := ansible==14.5.0
.venv/ansible/installed: Conformance/requirements-ansible.txt | test-packages
	rm -rf .venv/ansible
	python3 -m venv .venv/ansible
	$(pip_environment) .venv/ansible/bin/python -m pip install --quiet --no-compile --requirement $<
	$(pip_environment) .venv/ansible/bin/python -m pip install --quiet --no-compile --no-deps --ignore-requires-python $(ANSIBLE_COLLECTIONS)
	touch $@

# Microsoft's tests come with the sources of its SDKs alone.
.venv/suites/installed: Conformance/requirements-suites.txt Conformance/sdk_suites/sources.txt | test-packages
	rm -rf .venv/suites
	python3 -m venv .venv/suites
	$(pip_environment) .venv/suites/bin/python -m pip install --quiet --requirement $<
	$(pip_environment) .venv/suites/bin/python -m pip download --quiet --no-deps --no-binary azure-storage-blob,azure-storage-queue,azure-data-tables --require-hashes --dest .venv/suites/sources \
	  --requirement Conformance/sdk_suites/sources.txt
	for archive in .venv/suites/sources/*.tar.gz; do tar --extract --gzip --file $$archive --directory .venv/suites/sources; done
	touch $@

.venv/bench/installed: Benchmarks/requirements.txt | bench-packages
	rm -rf .venv/bench
	python3 -m venv .venv/bench
	$(pip_environment) .venv/bench/bin/python -m pip install --quiet --requirement $<
	touch $@

.venv/%/installed: Conformance/requirements-%.txt | test-packages
	rm -rf .venv/$*
	python3 -m venv .venv/$*
	$(pip_environment) .venv/$*/bin/python -m pip install --quiet --requirement $<
	touch $@
