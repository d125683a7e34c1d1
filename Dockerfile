# syntax=docker/dockerfile:1
# docker build -t fooocusd .                            processor only
# docker build -t fooocusd:cuda --target cuda .         NVIDIA (not yet run on a machine with a GPU)

FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && mkdir -p /tree/data /tree/cache

# CUDA's libraries, from the wheels whose hashes the program knows: 1.2 GB fetched, 1.6 GB unpacked. What is whole is kept
# between two builds, so that a change of the sources does not fetch them again.
FROM build AS cuda-libraries
ARG WHEEL_INDEX=https://pypi.org/simple
RUN --mount=type=cache,id=fooocusd-cuda,target=/var/cache/fooocusd-cuda \
  dist/fooocusd cuda add --fetch --index "$WHEEL_INDEX" --cuda-libraries /var/cache/fooocusd-cuda \
  && mkdir -p /opt/fooocusd-cuda \
  && cp /var/cache/fooocusd-cuda/*.so* /opt/fooocusd-cuda/

# No CUDA in the base image, and none is needed. cuDNN wants the system's zlib, which distroless images lack.
FROM debian:bookworm-slim AS cuda
COPY --from=cuda-libraries /opt/fooocusd-cuda /opt/fooocusd-cuda
COPY --from=build /src/dist/fooocusd /usr/local/bin/fooocusd
COPY --from=build --chown=65532:65532 /tree/data /data
COPY --from=build --chown=65532:65532 /tree/cache /cache
ENV FOOOCUSD_CACHE_DIR=/cache FOOOCUSD_CUDA_LIBRARIES=/opt/fooocusd-cuda NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
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
