"""Programs for the deployed stack and its template.

The commands in parentheses run them; `issuer`, `retained` and `stack` are used by the others.

    admin            create an administrator (make admin)
    adopt            begin a stack with what a deleted one left (make adopt)
    cloudfront.yaml  CloudFront and a web ACL in front of the API, a stack of its own
    deploy           deploy the build and print the next steps (make deploy)
    discard          delete what a failed first deployment left (make discard)
    factor_key       add a key that protects second factors (make factor-key)
    issuer           the issuer of access tokens that a deployment sets (make deploy)
    privileges       list what each function may do (docs/privileges.md)
    resources        count the stack's resources, and how many more endpoints fit (make build)
    restore          copy items back from a restored table (make restore)
    retained         what CloudFormation keeps of a stack
    stack            the stack in samconfig.toml and on AWS
    template.yaml    alarms and dashboard, nested by the main template
    transformed      the template after the SAM transform (make check)
"""
