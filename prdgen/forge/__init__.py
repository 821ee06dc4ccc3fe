"""Forges (GitHub, GitLab, Gitea and Forgejo): pull requests as values, and three clients."""
