"""CDNs (Fastly, CloudFront, Cloudflare): telling them what changed."""
