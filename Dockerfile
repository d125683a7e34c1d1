# syntax=docker/dockerfile:1
# docker build -t fooocusd .                            processor only
# docker build -t fooocusd:cuda --target cuda .         NVIDIA (not yet run on a machine with a GPU)

FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && mkdir -p /tree/data /tree/cache

# ONNX Runtime's CUDA provider is too large for npm and comes from NuGet. Its version must be that of
# onnxruntime-node in package.json; CUDA and cuDNN themselves come with the base image of the last stage.
FROM debian:bookworm-slim AS cuda-provider
ARG ORT_VERSION=1.30.0
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates curl unzip \
  && rm -rf /var/lib/apt/lists/*
RUN package=microsoft.ml.onnxruntime.gpu.linux \
  && curl -fsSL -o /tmp/provider.zip \
    "https://api.nuget.org/v3-flatcontainer/$package/$ORT_VERSION/$package.$ORT_VERSION.nupkg" \
  && unzip -j /tmp/provider.zip 'runtimes/linux-x64/native/libonnxruntime_providers_*.so' -d /provider \
  && rm /tmp/provider.zip

FROM nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04 AS cuda
COPY --from=cuda-provider /provider/libonnxruntime_providers_shared.so /provider/libonnxruntime_providers_cuda.so /opt/onnxruntime-cuda/
COPY --from=build /src/dist/fooocusd /usr/local/bin/fooocusd
COPY --from=build --chown=65532:65532 /tree/data /data
COPY --from=build --chown=65532:65532 /tree/cache /cache
ENV FOOOCUSD_CACHE_DIR=/cache FOOOCUSD_CUDA_LIBRARIES=/opt/onnxruntime-cuda
USER 65532:65532
WORKDIR /data
VOLUME ["/data", "/cache"]
EXPOSE 7866
ENTRYPOINT ["/usr/local/bin/fooocusd"]
CMD ["--host", "0.0.0.0"]

# The last stage is what `docker build .` makes: glibc, libstdc++, certificates, the binary, and no shell.
FROM gcr.io/distroless/cc-debian12:nonroot AS cpu
COPY --from=build /src/dist/fooocusd /usr/local/bin/fooocusd
COPY --from=build --chown=65532:65532 /tree/data /data
COPY --from=build --chown=65532:65532 /tree/cache /cache
ENV FOOOCUSD_CACHE_DIR=/cache
WORKDIR /data
VOLUME ["/data", "/cache"]
EXPOSE 7866
ENTRYPOINT ["/usr/local/bin/fooocusd"]
CMD ["--host", "0.0.0.0"]
