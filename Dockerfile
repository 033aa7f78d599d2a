# The image of charts/roadcrew. Its parts run without root where they can: the chart says which runs as what.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
# What npm would publish, and what that needs to run.
RUN npm run build \
 && mkdir /app && npm pack --silent && tar -xzf roadcrew-*.tgz --strip-components=1 -C /app \
 && npm prune --omit=dev --no-audit --no-fund && mv node_modules /app/

FROM node:24-bookworm-slim
# What `--network` reads and rewrites the node's rules with: both back ends of iptables, and nft.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends iptables nftables conntrack ipvsadm \
 && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
COPY --from=build /app /app
USER 65532:65532
ENTRYPOINT ["node", "/app/dist/main.js"]
