[inputs: ["mix.exs", "{config,lib,test,priv}/**/*.{ex,exs}"]]
