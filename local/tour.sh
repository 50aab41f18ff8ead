API=@API@ TOKEN= EMAIL=ada-$(date +%s)@example.com
api() { curl -sS -i -X "$1" "$API$2" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' ${3+-d "$3"} | sed -n '1p;/^[Aa]llow:/p;$p'; echo; }
email() { curl -sS "$API/_local/inbox.json" | python3 -c "import json, sys; print(next(e['text'] for e in json.load(sys.stdin) if e['to'] == '$EMAIL'))" 2>/dev/null; }
field() { tail -n 1 | python3 -c "import json, sys; print(json.loads(sys.stdin.read())$1)"; }
api GET /api/health
REGISTERED=$(api POST /api/auth/register '{"name": "Ada", "email": "'$EMAIL'", "password": "correct horse battery"}'); echo "$REGISTERED"
until TEXT=$(email); do sleep 0.2; done; echo "$TEXT"
TOKEN=$(api POST /api/auth/verify-email '{"token": "'$(echo "$TEXT" | sed -n 's/.*token=//p')'", "registration": "'$(echo "$REGISTERED" | sed '/^$/d' | field '["registration"]')'"}' | sed '/^$/d' | field '["token"]')
api GET /api/auth/me
api PUT /api/auth/me
api POST /api/auth/logout '{}'
api GET /api/auth/me
TOKEN=$(api POST /api/auth/login '{"email": "@ADMIN_EMAIL@", "password": "@ADMIN_PASSWORD@"}' | sed '/^$/d' | field '["token"]')
api GET '/api/users?limit=2'
api PATCH "/api/users/$(api GET "/api/users?email=$EMAIL" | sed '/^$/d' | field '["data"][0]["id"]')" '{"name": "Ada Lovelace"}'
