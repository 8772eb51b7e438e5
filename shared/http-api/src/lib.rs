//! What every HTTP function needs: caller extraction, problem+json, paging, correlation, security headers.
