-- A login of one analyst: what beacon_analyst may read, nothing else, and never a write. The server
-- is given the password's verifier, so that no log of statements holds the password.
do $$
begin
    if to_regrole({login_text}) is null then
        execute format('create role %I login', {login_text});
    end if;
end
$$;

comment on role {login} is {mark};
grant {analyst} to {login};
alter role {login} password {verifier};
alter role {login} in database {dbname} set search_path = analytics;
alter role {login} in database {dbname} set default_transaction_read_only = on;
alter role {login} in database {dbname} set timezone = 'UTC';
-- No plan knows that a job lies in one month: for its few rows workers would be started, which
-- takes milliseconds. What takes seconds is still shared among them.
alter role {login} in database {dbname} set parallel_setup_cost = 100000;
alter role {login} in database {dbname} set statement_timeout = '30min';
alter role {login} in database {dbname} set lock_timeout = '30s';
alter role {login} in database {dbname} set idle_in_transaction_session_timeout = '30min';
