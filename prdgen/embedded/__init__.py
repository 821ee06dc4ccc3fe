"""The Postgres and the Valkey that ship as wheels: started, watched and stopped by prdgen."""
