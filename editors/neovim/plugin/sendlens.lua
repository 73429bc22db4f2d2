-- The command `:Sendlens`. Everything behind it is loaded when it is used.
if vim.g.loaded_sendlens then
  return
end
vim.g.loaded_sendlens = true

vim.api.nvim_create_user_command('Sendlens', function(arguments)
  require('sendlens').run(arguments.fargs)
end, {
  nargs = '+',
  desc = 'Sendlens: explain, restart the server, or open its log',
  complete = function(lead)
    return require('sendlens').complete(lead)
  end,
})

local group = vim.api.nvim_create_augroup('sendlens', { clear = true })

vim.api.nvim_create_autocmd('FileType', {
  group = group,
  pattern = 'rust',
  desc = 'Say when the server is missing: Neovim itself says nothing',
  callback = function()
    require('sendlens').complain_if_missing()
  end,
})

vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  desc = 'Draw the life of the value under the cursor',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'sendlens' then
      require('sendlens.life').attach(event.buf)
    end
  end,
})
